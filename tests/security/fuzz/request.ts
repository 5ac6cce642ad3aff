/** As whom a request is made; only the first four can be let in anywhere. */
export const CREDENTIALS = [
  "tenant",
  "operator",
  "secret key",
  "signature",
  "nobody",
  "expired",
  "forged",
  "unsigned",
  "no user",
  "publishable key",
  "password",
  "gibberish",
  "signature of a stranger",
] as const;
export type Credential = (typeof CREDENTIALS)[number];

/** One request to a function, before it has credentials. */
export interface FuzzRequest {
  /** The function. */
  name: string;
  method: string;
  /** Behind the function's name: empty, or from a slash on. */
  path: string;
  /** With its question mark, or empty. */
  query: string;
  credential: Credential;
  /** A name may come more than once. */
  headers: readonly (readonly [name: string, value: string])[];
  body: Uint8Array<ArrayBuffer> | null;
  /** Whether the body is sent in chunks, without its length. */
  chunked: boolean;
}

/** As a curl command that anybody can paste; the credentials are as they were sent. */
export function curlOf(url: string, { method, body, chunked }: FuzzRequest, headers: FuzzRequest["headers"]): string {
  const words = ["curl", "-sS", "-i", "--path-as-is", "-X", quote(method), quote(url)];
  for (const [name, value] of headers) words.push("-H", quote(value === "" ? `${name};` : `${name}: ${value}`));
  if (chunked) words.push("-H", quote("transfer-encoding: chunked"));
  if (body === null) return words.join(" ");
  const bytes = btoa(Array.from(body, (byte) => String.fromCharCode(byte)).join(""));
  return `echo ${bytes} | base64 -d | ${words.join(" ")} --data-binary @-`;
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
