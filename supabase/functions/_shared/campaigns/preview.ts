import * as z from "zod";
import { type Db, decision, type Enum } from "../platform/database.ts";
import { isoOf } from "../platform/time.ts";
import { type BulkInput, namedSender } from "./create.ts";
import { CAMPAIGN_RULES, campaignError } from "./rules.ts";
import type { ReadyRecipient } from "./recipients.ts";

const group = z.strictObject({
  recipients: z.number().int(),
  segments: z.number().int(),
  estimatedPrice: z.number().describe("What it would cost you"),
});

export const previewSchema = z.strictObject({
  from: z.string().describe("The number that the campaign would be sent from"),
  currency: z.string().nullable()
    .describe("ISO 4217: of the prices, that of the platform's Twilio account; null until Twilio has named one"),
  sent: group.describe("What would be sent when the campaign starts"),
  overLimit: group.extend({
    limit: z.enum(["daily_limit_reached", "monthly_limit_reached", "spend_limit_reached"]).nullable()
      .describe("The first limit of the plan that the campaign reaches; null when it reaches none"),
  }).describe("What would wait until there is room under the limit"),
  outsideWindow: group.describe("What would wait for the hours of the send window"),
  windows: z.array(z.strictObject({
    country: z.string().describe("ISO 3166; ZZ is unknown, and has the time of UTC"),
    timeZones: z.array(z.string()),
    opensAt: z.string().describe("When the campaign would send to the country first"),
    closesAt: z.string().describe("When that opening ends"),
  })).describe("The first opening of the send window for each country; empty without a window"),
  optedOut: z.number().int().describe("Recipients who would be skipped because they opted out of this number"),
  destinationRefused: z.number().int()
    .describe("Recipients who would be skipped because the plan or the settings exclude their country"),
}).meta({ id: "BulkPreview", description: "What a campaign would do with the accepted recipients, as of now" });

export type Preview = z.output<typeof previewSchema>;

const outcomeSchema = z.enum(["sent", "over_limit", "outside_window", "opted_out", "destination_refused"]);

const countsSchema = z.array(z.object({
  outcome: outcomeSchema,
  recipients: z.number(),
  segments: z.number().nullable(),
  price: z.number().nullable(),
})).nullable();

const windowsSchema = z.array(
  z.object({ country: z.string(), zones: z.array(z.string()), opens_at: z.string(), closes_at: z.string() }),
);

const preview = decision("preview_campaign", {
  previewed: ["from_number", "counts?", "reached?", "windows", "currency?"],
  ...CAMPAIGN_RULES,
});

/** The database renders and measures the texts of a part within a second, at the slowest 1 ms for a text of 1,600 units. */
const PART_UNITS = 800_000;
const PART_RECIPIENTS = 2_500;

/**
 * Decides what a campaign would do with each recipient, by the functions that send it. Changes nothing.
 * @throws ApiError as `createCampaign` would
 */
export async function previewCampaign(
  db: Db,
  userId: string,
  input: BulkInput,
  ready: readonly ReadyRecipient[],
): Promise<Preview> {
  const named = await namedSender(input);
  const countries = [...new Set(ready.map(({ country }) => country))];
  const totals = noTotals();
  let from = "";
  let currency: string | null = null;
  let limit: Enum<"campaign_status_reason"> | null = null;
  let windows: Preview["windows"] = [];
  for (const part of partsOf(ready, input.body ?? "")) {
    const decided = await preview(db, {
      p_user_id: userId,
      p_from: named,
      p_body: input.body ?? null,
      p_media_urls: input.mediaUrls ?? [],
      p_scheduled_at: input.scheduledAt ?? null,
      p_total: ready.length,
      p_countries: countries,
      p_recipients: part.map((recipient) => ({ ...recipient })),
      p_before_messages: totals.sent.recipients,
      p_before_price: totals.sent.estimatedPrice,
      p_before_reached: limit,
      p_send_window: input.sendWindow ?? null,
    });
    if (decided.outcome !== "previewed") throw campaignError(decided, { ...input, from: named }, ready.length);
    from = decided.from_number;
    currency = decided.currency ?? null;
    limit ??= decided.reached;
    windows = windowsOf(decided.windows);
    addCounts(decided.counts, totals);
  }
  return {
    from,
    currency,
    sent: totals.sent,
    overLimit: { ...totals.over_limit, limit: previewSchema.shape.overLimit.shape.limit.parse(limit) },
    outsideWindow: totals.outside_window,
    windows,
    optedOut: totals.opted_out.recipients,
    destinationRefused: totals.destination_refused.recipients,
  };
}

type Totals = Record<z.output<typeof outcomeSchema>, z.output<typeof group>>;

function noTotals(): Totals {
  const none = () => ({ recipients: 0, segments: 0, estimatedPrice: 0 });
  return {
    sent: none(),
    over_limit: none(),
    outside_window: none(),
    opted_out: none(),
    destination_refused: none(),
  };
}

/** Adds the counts of a part. */
function addCounts(counts: unknown, totals: Totals): void {
  for (const { outcome, recipients, segments, price } of countsSchema.parse(counts) ?? []) {
    const total = totals[outcome];
    total.recipients += recipients;
    total.segments += segments ?? 0;
    total.estimatedPrice = rounded(total.estimatedPrice + (price ?? 0));
  }
}

function windowsOf(windows: unknown): Preview["windows"] {
  return windowsSchema.parse(windows).map(({ country, zones, opens_at, closes_at }) => {
    return { country, timeZones: zones, opensAt: isoOf(opens_at), closesAt: isoOf(closes_at) };
  });
}

/** The ledger's precision. Sums of numbers with five decimals stay exact. */
const rounded = (amount: number) => Math.round(amount * 100_000) / 100_000;

/** About how many units of text a dry run measures. A text without placeholders is measured once for each part. */
export function unitsToMeasure(ready: readonly ReadyRecipient[], template: string): number {
  return ready.reduce((sum, recipient) => sum + unitsOf(recipient, template), 0);
}

function unitsOf({ variables }: ReadyRecipient, template: string): number {
  if (variables === null) return 0;
  return Object.values(variables).reduce((sum, value) => sum + value.length, template.length);
}

/** The list in parts of bounded work, in order. */
export function* partsOf(ready: readonly ReadyRecipient[], template: string): Iterable<ReadyRecipient[]> {
  let part: ReadyRecipient[] = [];
  let units = 0;
  for (const recipient of ready) {
    part.push(recipient);
    units += unitsOf(recipient, template);
    if (units >= PART_UNITS || part.length >= PART_RECIPIENTS) {
      yield part;
      [part, units] = [[], 0];
    }
  }
  if (part.length > 0) yield part;
}
