import * as z from "zod";
import type { Enum } from "../platform/database.ts";
import { sha256 } from "../platform/encoding.ts";
import { ApiError } from "../platform/errors.ts";
import { BLANK_TEXT, isBlank } from "../platform/text.ts";
import { defaultCountrySchema, senderNumber } from "../numbers/phone-number.ts";

/** Twilio's limit (21617), in UTF-16 code units as it counts them. */
export const LONGEST_BODY = 1600;
const MOST_MEDIA = 10;

export const mediaUrlsSchema = z.array(z.url({ protocol: /^https?$/ }).max(2048)).min(1).max(MOST_MEDIA);

export const messageSchema = z.strictObject({
  to: z.string().min(1).max(64)
    .describe("A phone number in international form (+ and country code), or in the national form of defaultCountry"),
  defaultCountry: defaultCountrySchema,
  body: z.string().min(1, { abort: true }).refine((body) => !isBlank(body), BLANK_TEXT).optional()
    .describe("1 to 1600 UTF-16 code units, sent as they are: there are no placeholders"),
  mediaUrls: mediaUrlsSchema.optional().describe("1 to 10"),
  from: z.string().min(1).max(64).optional().describe("One of the caller's numbers; the primary one unless given"),
}).refine(({ body, mediaUrls }) => body !== undefined || mediaUrls !== undefined, {
  path: ["body"],
  message: "is required without mediaUrls",
}).meta({ id: "Message", description: "The body of send-sms: a text, media, or both" });

export type MessageInput = z.output<typeof messageSchema>;

/** A message that is ready for the ledger. */
export interface Composed {
  /** E.164. */
  to: string;
  /** The country of `to`, ISO 3166. */
  country: string;
  from: string | null;
  body: string | null;
  mediaUrls: string[];
  segments: number;
  encoding: Enum<"message_encoding">;
  /** SHA-256 of the whole request, in hex: an idempotency key belongs to one request. */
  requestHash: string;
}

/** Checks and measures a message. @throws ApiError `invalid_recipient`, `body_too_long` */
export async function compose(input: MessageInput): Promise<Composed> {
  const { readPhoneNumber } = await import("../numbers/read-phone-number.ts");
  const recipient = readPhoneNumber(input.to, input.defaultCountry);
  if (recipient === null) throw invalidRecipient(input);
  const { number: to, country } = recipient;
  const from = input.from === undefined ? null : await senderNumber(input.from, input.defaultCountry);
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
  const { measure } = await import("./segments.ts");
  return {
    to,
    country,
    from,
    body,
    mediaUrls: input.mediaUrls ?? [],
    ...measure(body),
    requestHash: await sha256(JSON.stringify([to, from, body, input.mediaUrls ?? []])),
  };
}

function invalidRecipient({ to, defaultCountry }: MessageInput): ApiError {
  const national = defaultCountry === undefined ? "" : ` or in the national form of ${defaultCountry}`;
  return new ApiError(
    "invalid_recipient",
    `Cannot send to "${to}": it is not one phone number in international form (+ and country code)${national}`,
    { details: [{ field: "to", code: "invalid_phone_number" }] },
  );
}
