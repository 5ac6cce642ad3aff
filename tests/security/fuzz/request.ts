/** The credential of a request. Only the first four can be accepted by any function. */
export const CREDENTIALS = [
  "tenant",
  "operator",
  "secret key",
  "signature",
  "none",
  "expired",
  "forged",
  "unsigned",
  "no user",
  "publishable key",
  "password",
  "gibberish",
  "unknown signature",
] as const;
export type Credential = (typeof CREDENTIALS)[number];

/** One request to a function, without its credentials. */
export interface FuzzRequest {
  /** The function. */
  name: string;
  method: string;
  /** The path after the function's name: empty, or starting with a slash. */
  path: string;
  /** With its question mark, or empty. */
  query: string;
  credential: Credential;
  /** A name may occur more than once. */
  headers: readonly (readonly [name: string, value: string])[];
  body: Uint8Array<ArrayBuffer> | null;
  /** Whether the body is sent in chunks, without its length. */
  chunked: boolean;
}

/** A curl command for the request, with the credentials that were sent. */
export function curlOf(url: string, { method, body, chunked }: FuzzRequest, headers: FuzzRequest["headers"]): string {
  const words = ["curl", "-sS", "-i", "--path-as-is", "-X", quote(method), quote(url)];
  for (const [name, value] of headers) words.push("-H", quote(value === "" ? `${name};` : `${name}: ${value}`));
  if (chunked) words.push("-H", quote("transfer-encoding: chunked"));
  if (body === null) return words.join(" ");
  const bytes = btoa(Array.from(body, (byte) => String.fromCharCode(byte)).join(""));
  return `echo ${bytes} | base64 -d | ${words.join(" ")} --data-binary @-`;
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
