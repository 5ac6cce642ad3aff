/** The types that a browser may show by itself. An SVG is a document that can contain scripts. */
const SHOWN = /^(image|audio|video)\/(?!svg)[\w.+-]+$/;
const TYPE = /^[a-z]+\/[\w.+-]+$/;
const EXTENSIONS: Readonly<Record<string, string>> = {
  "application/pdf": ".pdf",
  "image/svg+xml": ".svg",
  "text/calendar": ".ics",
  "text/plain": ".txt",
  "text/vcard": ".vcf",
  "text/x-vcard": ".vcf",
};

/** The media type of a file from its headers, without parameters, in lower case. */
export function mediaTypeOf(text: string | null): string {
  const type = (text ?? "").split(";", 1)[0]!.trim().toLowerCase();
  return TYPE.test(type) ? type : "application/octet-stream";
}

/**
 * The headers of a file that anyone may have sent: a browser shows images, audio and video, saves any other type, guesses no
 * type, and runs nothing in a file that is opened by itself.
 */
export function mediaHeaders(type: string, index: number): Record<string, string> {
  const shown = SHOWN.test(type) && !type.includes("xml");
  return {
    "content-type": type,
    "content-disposition": shown ? "inline" : `attachment; filename="media-${index}${EXTENSIONS[type] ?? ""}"`,
    "x-content-type-options": "nosniff",
    // A page that isolates itself (COEP) shows only files of other origins that allow it. A link or a token is needed anyway.
    "cross-origin-resource-policy": "cross-origin",
    "content-security-policy":
      "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
  };
}
