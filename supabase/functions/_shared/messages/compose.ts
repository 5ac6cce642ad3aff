import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { SegmentedMessage } from "sms-segments-calculator";
import { z } from "zod";
import { Refusal } from "../platform/errors.ts";

/** Twilio's limit (21617), in UTF-16 code units as it counts them. */
const LONGEST_BODY = 1600;
const MOST_MEDIA = 10;

export const messageSchema = z.strictObject({
  to: z.string().min(1).max(64),
  body: z.string().min(1).optional(),
  mediaUrls: z.array(z.url({ protocol: /^https?$/ }).max(2048)).min(1).max(MOST_MEDIA).optional(),
  from: z.string().min(1).max(64).optional(),
}).refine(({ body, mediaUrls }) => body !== undefined || mediaUrls !== undefined, {
  path: ["body"],
  message: "is required where there are no mediaUrls",
});

export type MessageInput = z.output<typeof messageSchema>;

/** A message that is ready for the ledger. */
export interface Composed {
  /** E.164. */
  to: string;
  from: string | null;
  body: string | null;
  mediaUrls: string[];
  segments: number;
  encoding: "GSM-7" | "UCS-2";
  /** SHA-256 over everything the caller asked for, hex: one idempotency key stands for one request. */
  requestHash: string;
}

/** Checks and measures a message. @throws Refusal `invalid_recipient`, `body_too_long` */
export async function compose(input: MessageInput): Promise<Composed> {
  const to = recipientOf(input.to);
  const body = input.body ?? null;
  if (body !== null && body.length > LONGEST_BODY) {
    throw new Refusal(
      "body_too_long",
      `Cannot send a body of ${body.length} characters: at most ${LONGEST_BODY} are allowed`,
      {
        details: [{ field: "body", code: "too_long", limit: LONGEST_BODY }],
      },
    );
  }
  const measured = new SegmentedMessage(body ?? "");
  return {
    to,
    from: input.from ?? null,
    body,
    mediaUrls: input.mediaUrls ?? [],
    segments: Math.max(1, measured.segmentsCount),
    encoding: measured.encodingName === "UCS-2" ? "UCS-2" : "GSM-7",
    requestHash: await sha256(JSON.stringify([to, input.from ?? null, body, input.mediaUrls ?? []])),
  };
}

/**
 * The recipient in E.164. Only its form is judged here (`isPossible`): whether a well-formed number exists is known to
 * carriers, and Twilio says so with its own code.
 */
function recipientOf(text: string): string {
  const number = /^\+[\d\s().-]+$/.test(text) ? parsePhoneNumberFromString(text) : undefined;
  if (number === undefined || !number.isPossible()) {
    throw new Refusal(
      "invalid_recipient",
      `Cannot send to "${text}": it is not a phone number in international form (+ and country code)`,
      {
        details: [{ field: "to", code: "invalid_phone_number" }],
      },
    );
  }
  return number.number;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
