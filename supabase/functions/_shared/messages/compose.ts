import { parsePhoneNumberFromString } from "libphonenumber-js/min";
import { SegmentedMessage } from "sms-segments-calculator";
import { z } from "zod";
import type { Enum } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";

/** Twilio's limit (21617), in UTF-16 code units as it counts them. */
export const LONGEST_BODY = 1600;
const MOST_MEDIA = 10;

export const mediaUrlsSchema = z.array(z.url({ protocol: /^https?$/ }).max(2048)).min(1).max(MOST_MEDIA);

export const messageSchema = z.strictObject({
  to: z.string().min(1).max(64).describe("A phone number in international form (+ and country code)"),
  body: z.string().min(1).optional().describe("1 to 1600 UTF-16 code units"),
  mediaUrls: mediaUrlsSchema.optional().describe("1 to 10"),
  from: z.string().min(1).max(64).optional().describe("One of the caller's numbers; the primary one unless given"),
}).refine(({ body, mediaUrls }) => body !== undefined || mediaUrls !== undefined, {
  path: ["body"],
  message: "is required where there are no mediaUrls",
}).meta({ id: "Message", description: "The body of send-sms: a text, media, or both" });

export type MessageInput = z.output<typeof messageSchema>;

/** A message that is ready for the ledger. */
export interface Composed {
  /** E.164. */
  to: string;
  /** Where `to` is, ISO 3166; of several countries behind one code the main one. */
  country: string;
  from: string | null;
  body: string | null;
  mediaUrls: string[];
  segments: number;
  encoding: Enum<"message_encoding">;
  /** SHA-256 over everything the caller asked for, hex: one idempotency key stands for one request. */
  requestHash: string;
}

/** Checks and measures a message. @throws ApiError `invalid_recipient`, `body_too_long` */
export async function compose(input: MessageInput): Promise<Composed> {
  const recipient = readRecipient(input.to);
  if (recipient === null) throw invalidRecipient(input.to);
  const { number: to, country } = recipient;
  const body = input.body ?? null;
  if (body !== null && body.length > LONGEST_BODY) {
    throw new ApiError(
      "body_too_long",
      `Cannot send a body of ${body.length} characters: at most ${LONGEST_BODY} are allowed`,
      {
        details: [{ field: "body", code: "too_long", limit: LONGEST_BODY }],
      },
    );
  }
  return {
    to,
    country,
    from: input.from ?? null,
    body,
    mediaUrls: input.mediaUrls ?? [],
    ...measure(body),
    requestHash: await sha256(JSON.stringify([to, input.from ?? null, body, input.mediaUrls ?? []])),
  };
}

/** How many segments a text takes, and in which encoding. Some 0.4 ms: never for thousands within one request. */
export function measure(body: string | null): { segments: number; encoding: Enum<"message_encoding"> } {
  const measured = new SegmentedMessage(body ?? "");
  return {
    segments: Math.max(1, measured.segmentsCount),
    encoding: measured.encodingName === "UCS-2" ? "UCS-2" : "GSM-7",
  };
}

/** A phone number somebody may be reached at. */
export interface Recipient {
  /** E.164. */
  number: string;
  country: string;
}

/**
 * Reads a recipient in international form; null where it is none. Only its form is judged (`isPossible`): whether a
 * well-formed number exists is known to carriers, and Twilio says so with its own code.
 */
export function readRecipient(text: string): Recipient | null {
  const number = /^\+[\d\s().-]+$/.test(text) ? parsePhoneNumberFromString(text) : undefined;
  if (number === undefined || !number.isPossible()) return null;
  return { number: number.number, country: number.country ?? number.getPossibleCountries()[0] ?? UNKNOWN_COUNTRY };
}

/** Satellite phones and the like. On no list of countries. */
const UNKNOWN_COUNTRY = "ZZ";

function invalidRecipient(text: string): ApiError {
  return new ApiError(
    "invalid_recipient",
    `Cannot send to "${text}": it is not a phone number in international form (+ and country code)`,
    {
      details: [{ field: "to", code: "invalid_phone_number" }],
    },
  );
}

/** Hex. */
export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
