import * as z from "zod";
import { LONGEST_BODY, mediaUrlsSchema } from "../messages/compose.ts";
import { sha256 } from "../platform/encoding.ts";
import { defaultCountrySchema, senderNumber } from "../numbers/phone-number.ts";
import { type Db, decision, rowFrom } from "../platform/database.ts";
import { ApiError, rateLimited } from "../platform/errors.ts";
import { momentSchema } from "../platform/time.ts";
import type { rateLimitArgs } from "../platform/rate-limit.ts";
import { type Spending, spendingNotice } from "../spending/spending.ts";
import { BLANK_TEXT, isBlank } from "../platform/text.ts";
import { DAYS_AHEAD, LONGEST_DELAY, MOST_RECIPIENTS } from "./limits.ts";
import type { CheckedRecipients, RecipientInput } from "./recipients.ts";
import { CAMPAIGN_RULES, campaignError } from "./rules.ts";
import { sendWindowSchema } from "./send-window.ts";
import { type Campaign, campaignOf } from "./shape.ts";
import { brokenPlaceholder, holdsPlaceholder } from "./template.ts";

/** Any value is accepted here: `checkRecipients` rejects a bad row by itself, without the others. */
const recipientSchema = z.unknown().meta({
  type: "object",
  properties: {
    to: {
      type: "string",
      description: "A phone number in international form, or in the national form of defaultCountry",
    },
    variables: {
      description: "Values by placeholder. Numbers and booleans are taken as text, null as missing",
      anyOf: [
        { type: "object", additionalProperties: { type: ["string", "number", "boolean", "null"] } },
        { type: "null" },
      ],
    },
  },
  required: ["to"],
}) as unknown as z.ZodType<RecipientInput, RecipientInput>;

const bodySchema = z.string().min(1, { abort: true })
  // Longer than a message: the text of each recipient is measured.
  .max(2 * LONGEST_BODY)
  .refine((body) => !isBlank(body), BLANK_TEXT)
  .refine((body) => brokenPlaceholder(body) === null, {
    error: ({ input }) =>
      `holds "${
        brokenPlaceholder(String(input))
      }", which is no placeholder: one is {{name}}, without a brace in it or ` +
      "next to it, and {{ and }} are in placeholders only",
  });

const bulkMediaUrlsSchema = mediaUrlsSchema.refine((urls) => !urls.some(holdsPlaceholder), {
  error: ({ input }) =>
    `holds a placeholder in "${
      (input as string[]).find(holdsPlaceholder)?.slice(0, 100)
    }": only the text can have them`,
});

export const bulkSchema = z.strictObject({
  name: z.string().trim().min(1).max(200).optional(),
  from: z.string().min(1).max(64).optional().describe("One of the caller's numbers; the primary one unless given"),
  defaultCountry: defaultCountrySchema,
  body: bodySchema.optional()
    .describe("{{name}} stands for each recipient's variable of that name, which may be any column name"),
  mediaUrls: bulkMediaUrlsSchema.optional().describe("1 to 10, the same for all recipients"),
  recipients: z.array(recipientSchema).min(1).max(MOST_RECIPIENTS).describe("1 to 10,000"),
  scheduledAt: momentSchema.refine(
    (time) => Date.parse(time) < Date.now() + DAYS_AHEAD * 86_400_000,
    `must be within ${DAYS_AHEAD} days`,
  ).optional().describe(
    "ISO 8601 with an offset, at most 60 days ahead; at once unless given. 400 when more than two minutes ago",
  ),
  delaySeconds: z.int().min(0).max(LONGEST_DELAY).optional().describe(
    `In place of scheduledAt: starts so many seconds after the request, by the server's clock. Until then the campaign is scheduled and can be canceled before anything is sent. 0 to ${LONGEST_DELAY}`,
  ),
  sendWindow: sendWindowSchema.optional().describe("At any hour unless given"),
  dryRun: z.boolean().default(false).describe("Decides what the campaign would do, and creates nothing"),
}).refine(({ body, mediaUrls }) => body !== undefined || mediaUrls !== undefined, {
  path: ["body"],
  message: "is required without mediaUrls",
}).refine(({ scheduledAt, delaySeconds }) => scheduledAt === undefined || delaySeconds === undefined, {
  path: ["delaySeconds"],
  message: "cannot be given together with scheduledAt",
}).meta({ id: "Bulk", description: "The body of send-bulk: a message to many recipients" });

export type BulkInput = z.output<typeof bulkSchema>;

const create = decision("create_campaign", {
  created: ["campaign", "spending?"],
  duplicate: ["campaign"],
  key_conflict: [],
  rate_limited: ["retry_after_seconds"],
  ...CAMPAIGN_RULES,
});

export interface CreateOptions {
  userId: string;
  idempotencyKey: string;
  requestId: string;
  rateLimit: ReturnType<typeof rateLimitArgs>;
}

/** Checks every row of the request. @throws ApiError `no_valid_recipients` if no row is valid */
export async function checkBulk(input: BulkInput): Promise<CheckedRecipients> {
  const { checkRecipients } = await import("./recipients.ts");
  const checked = checkRecipients(input.recipients, input.body ?? null, input.defaultCountry);
  if (checked.ready.length > 0) return checked;
  throw new ApiError("no_valid_recipients", "Cannot send: no row of recipients is valid", {
    details: checked.rejected.slice(0, 100).map(({ index, to, code, message }) => ({ index, to, code, message })),
  });
}

/**
 * Stores a campaign with its recipients and enqueues it, in one round trip.
 * @returns the campaign, whether an earlier request with this key created it, and a threshold of the spend limit that is
 * reached
 * @throws ApiError
 */
export async function createCampaign(
  db: Db,
  input: BulkInput,
  { ready }: CheckedRecipients,
  options: CreateOptions,
): Promise<{ campaign: Campaign; isRepeated: boolean; spending?: Spending }> {
  const from = await namedSender(input);
  const made = await create(db, {
    p_user_id: options.userId,
    p_idempotency_key: options.idempotencyKey,
    p_request_hash: await hashOf(input, from, ready),
    p_name: input.name ?? null,
    p_from: from,
    p_body: input.body ?? null,
    p_media_urls: input.mediaUrls ?? [],
    p_scheduled_at: input.scheduledAt ?? afterDelay(input.delaySeconds),
    p_recipients: ready.map((recipient) => ({ ...recipient })),
    p_send_window: input.sendWindow ?? null,
    p_request_id: options.requestId,
    ...options.rateLimit,
  });
  switch (made.outcome) {
    case "created": {
      const campaign = campaignOf(rowFrom("campaigns", made.campaign));
      return { campaign, isRepeated: false, ...spendingNotice(made.spending) };
    }
    case "duplicate":
      return { campaign: campaignOf(rowFrom("campaigns", made.campaign)), isRepeated: true };
    case "key_conflict":
      throw new ApiError(
        "idempotency_key_reused",
        "Cannot send: this Idempotency-Key was used for a different campaign",
      );
    case "rate_limited":
      throw rateLimited(made.retry_after_seconds);
    case "scheduled_in_past":
    case "window_never_opens":
    case "too_many_recipients":
    case "no_number":
    case "number_not_owned":
    case "number_not_capable":
    case "number_over_limit":
    case "no_subaccount":
    case "pending":
    case "suspended":
    case "closed":
      throw campaignError(made, { ...input, from }, ready.length);
  }
}

/** The delay itself belongs to the key, not the time: a request that is repeated a minute later is the same request. */
function afterDelay(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(Date.now() + seconds * 1000).toISOString();
}

/** The number that the request names, in E.164; null where it names none. @throws ApiError `invalid_sender` */
export async function namedSender({ from, defaultCountry }: BulkInput): Promise<string | null> {
  return from === undefined ? null : await senderNumber(from, defaultCountry);
}

/** What a key belongs to: the campaign that results, however its numbers were written. */
async function hashOf(input: BulkInput, from: string | null, ready: CheckedRecipients["ready"]): Promise<string> {
  const { recipients: _, defaultCountry: __, ...campaign } = input;
  return await sha256(JSON.stringify([{ ...campaign, from }, ready.map(({ country: _, ...recipient }) => recipient)]));
}

/** Tells the caller which columns of their rows have no effect. */
export function noticeOf({ ignoredColumns }: CheckedRecipients): string | undefined {
  if (ignoredColumns.length === 0) return undefined;
  const named = ignoredColumns.map((column) => JSON.stringify(column)).join(", ");
  return `These columns of recipients were ignored: ${named}. Values for placeholders belong in "variables"`;
}
