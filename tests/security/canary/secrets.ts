/** This many consecutive characters reveal a secret, in any encoding. */
const TELLING = 16;
/** Any run of that many characters contains a whole piece of eight at a multiple of nine: a fast check without misses. */
const PIECE = 8;
const STRIDE = TELLING - PIECE + 1;

/** A secret that was found. */
export interface Sighting {
  /** The secret, and its encoding. */
  secret: string;
  /** The place. */
  place: string;
}

/** A log line, a row or a response, which must contain no secret. */
export interface Document {
  place: string;
  text: string;
}

/** Secrets, and a search for them in plain text, base64, hex and percent-encoding, whole or in part. */
export class Secrets {
  #telling = new Map<string, string>();
  #pieces = new Set<string>();
  #names = new Set<string>();

  get size(): number {
    return this.#names.size;
  }

  /** @throws Error for a value too short to tell from chance */
  add(name: string, value: string): void {
    if (value.length < TELLING) throw new Error(`Cannot watch for "${name}": it has fewer than ${TELLING} characters`);
    this.#names.add(`${name} ${value}`);
    this.#watch(name, formsOf(new TextEncoder().encode(value), value));
  }

  /** Like `add`, and also for the bytes the text encodes. */
  addBase64(name: string, value: string): void {
    this.add(name, value);
    const bytes = Uint8Array.from(
      atob(value.replaceAll("-", "+").replaceAll("_", "/")),
      (character) => character.charCodeAt(0),
    );
    this.#watch(`${name}, its bytes`, formsOf(bytes));
  }

  /** Every secret that a document contains, each once. */
  findIn({ place, text }: Document): Sighting[] {
    const found = new Set<string>();
    for (let at = 0; at + PIECE <= text.length; at += STRIDE) {
      if (!this.#pieces.has(text.slice(at, at + PIECE))) continue;
      for (let from = Math.max(0, at - STRIDE + 1); from <= at; from++) {
        const name = this.#telling.get(text.slice(from, from + TELLING));
        if (name !== undefined) found.add(name);
      }
    }
    return [...found].map((secret) => ({ secret, place }));
  }

  #watch(name: string, forms: [form: string, text: string][]): void {
    for (const [form, text] of forms) {
      for (let at = 0; at + TELLING <= text.length; at++) {
        this.#telling.set(text.slice(at, at + TELLING), `${name}, ${form}`);
        for (let inner = at; inner < at + STRIDE; inner++) this.#pieces.add(text.slice(inner, inner + PIECE));
      }
    }
  }
}

function formsOf(bytes: Uint8Array, plain?: string): [form: string, text: string][] {
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const forms: [string, string][] = [
    ["in hex", hex.join("")],
    ["in hex", hex.join("").toUpperCase()],
    ["percent-encoded", hex.map((byte) => `%${byte}`).join("")],
    ["percent-encoded", hex.map((byte) => `%${byte.toUpperCase()}`).join("")],
  ];
  if (plain !== undefined) forms.push(["plain", plain], ["url-encoded", encodeURIComponent(plain)]);
  // The characters before a secret shift its base64. The first and last characters contain bits of the neighbours.
  for (let shift = 0; shift < 3; shift++) {
    const padded = btoa(String.fromCharCode(...new Uint8Array(shift), ...bytes)).replace(/=+$/, "");
    const inner = padded.slice(shift === 0 ? 0 : 4, padded.length - 2);
    forms.push(["in base64", inner], ["in base64", inner.replaceAll("+", "-").replaceAll("/", "_")]);
  }
  return forms;
}
