import { randomBytes, randomUUID } from "node:crypto";

export type SidPrefix = "AC" | "AD" | "BU" | "PN" | "SM" | "MM" | "ME" | "UT" | "RQ";

/** Returns a new Twilio resource identifier: two letters and 32 hexadecimal digits. */
export function newSid(prefix: SidPrefix): string {
  return prefix + randomBytes(16).toString("hex");
}

/** Returns a new auth token: 32 hexadecimal digits. */
export function newAuthToken(): string {
  return randomBytes(16).toString("hex");
}

/** Returns a value for `I-Twilio-Idempotency-Token`, which is the same for all retries of one webhook. */
export function newIdempotencyToken(): string {
  return randomUUID();
}
