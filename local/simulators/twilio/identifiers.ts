import { randomBytes, randomUUID } from "node:crypto";

export type SidPrefix = "AC" | "PN" | "SM" | "MM" | "ME" | "UT" | "RQ";

/** A Twilio resource identifier: two letters and 32 hexadecimal digits. */
export function newSid(prefix: SidPrefix): string {
  return prefix + randomBytes(16).toString("hex");
}

/** An auth token as Twilio makes them: 32 hexadecimal digits. */
export function newAuthToken(): string {
  return randomBytes(16).toString("hex");
}

/** The value of `I-Twilio-Idempotency-Token`: the same for every retry of one webhook. */
export function newIdempotencyToken(): string {
  return randomUUID();
}
