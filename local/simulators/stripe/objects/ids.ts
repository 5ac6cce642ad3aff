import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Returns `length` random characters of Stripe's id alphabet. */
export function randomText(length: number): string {
  // 248 is the largest multiple of 62 in a byte. Dropping larger values makes all characters equally likely.
  let text = "";
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < 248 && text.length < length) text += ALPHABET[byte % ALPHABET.length];
    }
  }
  return text;
}

const BODY_LENGTHS = {
  cus: 14,
  prod: 14,
  si: 14,
  req: 14,
  price: 24,
  sub: 24,
  in: 24,
  il: 24,
  ii: 24,
  cn: 24,
  cnli: 24,
  cbtxn: 24,
  ch: 24,
  pi: 24,
  re: 24,
  dp: 24,
  inpay: 24,
  evt: 24,
  we: 24,
  plink: 24,
  li: 24,
  mtr: 24,
  mev: 24,
  mea: 24,
  ed: 24,
  bps: 24,
  bpc: 24,
} as const;

/** Returns a new id such as `sub_1…`, with the length of Stripe's ids of that kind. */
export function newId(prefix: keyof typeof BODY_LENGTHS): string {
  const length = BODY_LENGTHS[prefix];
  return length === 24 ? `${prefix}_1${randomText(length - 1)}` : `${prefix}_${randomText(length)}`;
}

/** Returns a new checkout session id, `cs_test_a1…`. */
export function newSessionId(): string {
  return `cs_test_a1${randomText(56)}`;
}
