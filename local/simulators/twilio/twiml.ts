import { XMLParser } from "fast-xml-parser";

/** One `<Message>` of a TwiML response. */
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
 * Returns the messages that a webhook's response asks to send: every `<Message>` in `<Response>`, in order, or the
 * complete text of a text/plain response. An empty response asks for none.
 * @throws Error if the body is not TwiML (Twilio's error 12100)
 */
export function readTwiml(contentType: string, body: string): TwimlMessage[] {
  if (body.trim() === "") return [];
  if (/^text\/plain/i.test(contentType)) return [{ body: body.trim(), mediaUrls: [], statusCallback: null }];
  const roots = parser().parse(body, true) as XmlNode[];
  const response = roots.find((node) => "Response" in node);
  if (!response) throw new Error("The response has no <Response> element");
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
