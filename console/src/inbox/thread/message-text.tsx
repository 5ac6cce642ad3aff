import Linkify from "linkify-react";

/** The schemes that a link in a message may have. */
const SCHEMES = /^(https?:\/\/|mailto:|tel:)/i;

const OPTIONS = {
  defaultProtocol: "https",
  target: "_blank",
  rel: "noreferrer",
  className: "bubble-link",
  validate: (_text: string, type: string, token: { toHref(protocol?: string): string }) =>
    (type === "url" || type === "email") && SCHEMES.test(token.toHref("https")),
};

/** The text of a message, with its addresses as links. */
export function MessageText({ text }: { text: string }) {
  return <Linkify options={OPTIONS}>{text}</Linkify>;
}
