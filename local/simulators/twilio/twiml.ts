import { XMLParser } from "fast-xml-parser";

/** One `<Message>` of a TwiML answer. */
export interface TwimlMessage {
  body: string;
  mediaUrls: string[];
  statusCallback: string | null;
}

interface XmlNode {
  [name: string]: unknown;
}

const parser = () =>
  new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: "",
    trimValues: false,
    parseTagValue: false,
    htmlEntities: true,
  });

/**
 * The messages a webhook's answer asks to send: every `<Message>` of a `<Response>`, in order, or the text itself when
 * it came as text/plain. An empty answer asks for none. Throws when an XML answer is no TwiML (Twilio's 12100).
 */
export function readTwiml(contentType: string, body: string): TwimlMessage[] {
  if (body.trim() === "") return [];
  if (/^text\/plain/i.test(contentType)) return [{ body: body.trim(), mediaUrls: [], statusCallback: null }];
  const roots = parser().parse(body, true) as XmlNode[];
  const response = roots.find((node) => "Response" in node);
  if (!response) throw new Error("the answer has no <Response>");
  return childrenOf(response, "Response").filter((node) => "Message" in node).map(messageOf);
}

function messageOf(node: XmlNode): TwimlMessage {
  const children = childrenOf(node, "Message");
  const bodies = children.filter((child) => "Body" in child);
  const attributes = (node[":@"] ?? {}) as Record<string, string>;
  return {
    body: bodies.length > 0
      ? bodies.map((child) => textOf(childrenOf(child, "Body"))).join("")
      : textOf(children).trim(),
    mediaUrls: children.filter((child) => "Media" in child).map((child) => textOf(childrenOf(child, "Media")).trim()),
    statusCallback: attributes["statusCallback"] ?? attributes["action"] ?? null,
  };
}

function childrenOf(node: XmlNode, name: string): XmlNode[] {
  return (node[name] ?? []) as XmlNode[];
}

function textOf(nodes: XmlNode[]): string {
  return nodes.filter((node) => "#text" in node).map((node) => String(node["#text"])).join("");
}
