/** What a file is, as far as its presentation depends on it. */
export type FileKind = "picture" | "audio" | "video" | "contact" | "pdf" | "other";

const BY_EXTENSION: Readonly<Record<string, FileKind>> = {
  jpg: "picture",
  jpeg: "picture",
  png: "picture",
  gif: "picture",
  webp: "picture",
  mp3: "audio",
  m4a: "audio",
  ogg: "audio",
  wav: "audio",
  amr: "audio",
  mp4: "video",
  mov: "video",
  "3gp": "video",
  webm: "video",
  vcf: "contact",
  pdf: "pdf",
};

/** Pictures that every browser shows. An SVG can have scripts, and a HEIC or TIFF is not shown. */
const PICTURES = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/** The kind of a file, from its content type, or from the end of its URL if there is none. */
export function fileKind(contentType: string | null, url: string): FileKind {
  const [type = ""] = (contentType ?? "").toLowerCase().split(";").map((part) => part.trim());
  if (type === "") return BY_EXTENSION[URL.parse(url)?.pathname.split(".").at(-1)?.toLowerCase() ?? ""] ?? "other";
  if (PICTURES.includes(type)) return "picture";
  if (type.startsWith("audio/")) return "audio";
  if (type.startsWith("video/")) return "video";
  if (/^text\/(x-)?vcard$|^text\/directory$/.test(type)) return "contact";
  return type === "application/pdf" ? "pdf" : "other";
}

/** Whether a URL is of one of the origins that the page may load pictures from. */
export function isShownHere(url: string, origins: readonly string[]): boolean {
  const origin = URL.parse(url)?.origin;
  return origins.some((own) => URL.parse(own)?.origin === origin);
}

/** The host of a web address; null for any other text. */
export function hostOf(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed !== null && /^https?:$/.test(parsed.protocol) ? parsed.host : null;
}
