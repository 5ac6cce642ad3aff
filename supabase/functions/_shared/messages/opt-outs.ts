import * as z from "zod";
import { Constants } from "../database.types.ts";
import { defaultCountrySchema, phoneNumberInQuery } from "../numbers/phone-number.ts";
import { csvHead, csvLine } from "../platform/csv-text.ts";
import { type Db, decision, type Row, rows } from "../platform/database.ts";
import { ApiError } from "../platform/errors.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../platform/paging.ts";
import { isoOf, momentSchema, timestampOf, timestampSchema } from "../platform/time.ts";

const sourceSchema = z.enum(Constants.public.Enums.opt_out_source).meta({
  id: "OptOutSource",
  description: "received: the recipient's STOP. reported: Twilio's error 21610. imported, manual: added by you",
});

export const optOutsQuery = z.strictObject({
  recipient: phoneNumberInQuery.optional().describe("In any notation with + and country code"),
  from: phoneNumberInQuery.optional().describe("One of your senders; opt-outs of all senders are not listed then"),
  source: sourceSchema.optional(),
  limit: limitParameter(1000, 50),
  cursor: cursorParameter(z.tuple([timestampSchema, z.guid()])),
}).meta({ id: "OptOutsQuery" });

export const optOutSchema = z.strictObject({
  id: z.guid(),
  recipient: z.string(),
  from: z.string().nullable().describe("The sender that may not send to the recipient; null: none of yours may"),
  source: sourceSchema,
  keyword: z.string().nullable().describe("The recipient's own word, or 21610; null for one that you added"),
  optedOutAt: z.string().describe("ISO 8601"),
}).meta({ id: "OptOut" });

export const optOutPageSchema = z.strictObject({ optOuts: z.array(optOutSchema), next: nextSchema })
  .meta({ id: "OptOutPage", description: "The response of opt-outs, newest first" });

/** A row as callers write it. */
interface NewOptOut {
  recipient?: string | number | null | undefined;
  from?: string | number | null | undefined;
  optedOutAt?: string | null | undefined;
}

/**
 * Any value is accepted here: `checkOptOuts` rejects a bad row by itself, without the others. Unknown columns are ignored:
 * the rows of another product's export have more.
 */
const newOptOutSchema = z.unknown().meta({
  id: "NewOptOut",
  description: "Other fields are ignored",
  type: "object",
  properties: {
    recipient: { type: ["string", "number", "null"], description: "A phone number with + and country code" },
    from: {
      type: ["string", "number", "null"],
      description: "One of your numbers, or a shared one; without it, none of your numbers may send to the recipient",
    },
    optedOutAt: { type: ["string", "null"], description: "ISO 8601 with an offset; now unless given" },
  },
}) as unknown as z.ZodType<NewOptOut, NewOptOut>;

export const newOptOutsSchema = z.strictObject({
  optOuts: z.array(newOptOutSchema).min(1).max(1000),
  source: z.enum(["imported", "manual"]).default("manual"),
  defaultCountry: defaultCountrySchema,
}).meta({ id: "NewOptOuts" });

const rejectedSchema = z.strictObject({
  index: z.number().describe("The row's position in the request, from 0"),
  recipient: z.string(),
  code: z.enum(["invalid_row", "invalid_recipient", "invalid_sender", "number_not_owned", "invalid_time"]),
  message: z.string(),
}).meta({ id: "RejectedOptOut" });

export const addedOptOutsSchema = z.strictObject({
  added: z.number(),
  known: z.number().describe("Rows that existed before, or repeat another row"),
  rejected: z.array(rejectedSchema),
}).meta({ id: "AddedOptOuts", description: "What came of each row" });

type RejectedOptOut = z.output<typeof rejectedSchema>;
type OptOut = z.output<typeof optOutSchema>;
type ListQuery = Pick<z.output<typeof optOutsQuery>, "limit" | "cursor"> & Partial<z.output<typeof optOutsQuery>>;

/** One page of a tenant's opt-outs. Those that bind every tenant are not the tenant's to read. */
export async function listOptOuts(
  db: Db,
  userId: string,
  query: ListQuery,
): Promise<z.output<typeof optOutPageSchema>> {
  const [beforeAt, beforeId] = query.cursor ?? [null, null];
  const found = await rows(db, "list_opt_outs", {
    p_user_id: userId,
    p_recipient: query.recipient ?? null,
    p_sender: query.from ?? null,
    p_source: query.source ?? null,
    p_before_at: beforeAt,
    p_before_id: beforeId,
    p_limit: query.limit,
  });
  const nextOf = (last: Row<"sms_opt_outs">) => writeCursor([timestampOf(last.opted_out_at), last.id]);
  const { items: optOuts, next } = page(found, query.limit, optOutOf, nextOf);
  return { optOuts, next };
}

function optOutOf(row: Row<"sms_opt_outs">): OptOut {
  return {
    id: row.id,
    recipient: row.recipient,
    from: row.sender,
    source: row.source,
    keyword: row.keyword,
    optedOutAt: isoOf(row.opted_out_at),
  };
}

const COLUMNS = ["recipient", "from", "source", "keyword", "optedOutAt"] as const;
const EXPORT_PAGE = 1000;

/** All opt-outs as CSV, read page by page while the caller reads. The first page is read before the response begins. */
export async function exportOptOuts(db: Db, userId: string): Promise<ReadableStream<Uint8Array>> {
  const pageAfter = (cursor: ListQuery["cursor"]) => listOptOuts(db, userId, { limit: EXPORT_PAGE, cursor });
  const cursorOf = (next: string | null) => next === null ? undefined : optOutsQuery.parse({ cursor: next }).cursor;
  let ready: z.output<typeof optOutPageSchema> | null = await pageAfter(undefined);
  let next: string | null = null;
  const encoder = new TextEncoder();
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(csvHead(COLUMNS))),
    async pull(controller) {
      const { optOuts, next: following } = ready ?? await pageAfter(cursorOf(next));
      ready = null;
      next = following;
      const lines = optOuts.map((row) => csvLine(COLUMNS.map((column) => row[column])));
      if (lines.length > 0) controller.enqueue(encoder.encode(lines.join("")));
      if (next === null) controller.close();
    },
  });
}

const addOptOutsTo = decision("add_opt_outs", {
  added: ["added", "known", "not_owned"],
  limit_reached: [],
  unknown_user: [],
});

/** Stores what a tenant adds. Rows that cannot be stored are rejected, each with its reason. */
export async function addOptOuts(
  db: Db,
  userId: string,
  { optOuts, source, defaultCountry }: z.output<typeof newOptOutsSchema>,
): Promise<z.output<typeof addedOptOutsSchema>> {
  const { ready, rejected } = await checkOptOuts(optOuts, defaultCountry, new Date());
  const stored = await addOptOutsTo(db, {
    p_user_id: userId,
    p_source: source,
    p_opt_outs: ready.map((row) => ({ ...row })),
  });
  switch (stored.outcome) {
    case "added": {
      const notOwned = stored.not_owned.map((index): RejectedOptOut => ({
        index,
        recipient: shown(cellOf(optOuts[index], "recipient")),
        code: "number_not_owned",
        message: `has a sender that is none of your numbers: "${shown(cellOf(optOuts[index], "from"))}"`,
      }));
      return {
        added: stored.added,
        known: stored.known,
        rejected: [...rejected, ...notOwned].sort((left, right) => left.index - right.index),
      };
    }
    case "limit_reached":
      throw new ApiError("too_many_opt_outs", "Cannot add opt-outs: you have as many as are kept for one tenant");
    case "unknown_user":
      throw new ApiError("unauthorized", "Cannot add opt-outs: this user was deleted");
  }
}

interface ReadyOptOut {
  position: number;
  recipient: string;
  sender: string | null;
  opted_out_at: string | null;
}

/** Checks every row. Pure but for the time. @param now no opt-out is much later */
export async function checkOptOuts(
  optOuts: readonly unknown[],
  defaultCountry: string | undefined,
  now: Date,
): Promise<{ ready: ReadyOptOut[]; rejected: RejectedOptOut[] }> {
  const { readPhoneNumber } = await import("../numbers/read-phone-number.ts");
  const ready: ReadyOptOut[] = [];
  const rejected: RejectedOptOut[] = [];
  optOuts.forEach((row, position) => {
    const [recipientText, senderText, timeText] = ["recipient", "from", "optedOutAt"].map((name) => cellOf(row, name));
    const reject = (code: RejectedOptOut["code"], message: string) =>
      rejected.push({ index: position, recipient: shown(recipientText), code, message });
    if (typeof row !== "object" || row === null) return reject("invalid_row", "is not an object");
    const recipient = readPhoneNumber(recipientText ?? "", defaultCountry);
    if (recipient === null) return reject("invalid_recipient", "is not a phone number in international form");
    const sender = senderText === "" ? null : readPhoneNumber(senderText ?? ".", defaultCountry);
    if (senderText !== "" && sender === null) {
      return reject("invalid_sender", "has a sender that is not a phone number in international form");
    }
    const moment = timeText === "" ? null : momentSchema.safeParse(timeText);
    if (moment !== null && !isPlausible(moment.data, now)) {
      return reject("invalid_time", "has a time that is not ISO 8601 with an offset, from 2000 until now");
    }
    ready.push({
      position,
      recipient: recipient.number,
      sender: sender?.number ?? null,
      opted_out_at: moment?.data ?? null,
    });
  });
  return { ready, rejected };
}

/** A clock that is ahead must not cost an opt-out. It is stored as of now. */
const CLOCK_SKEW_MS = 300_000;

/** Twilio is younger than 2000. */
function isPlausible(moment: string | undefined, now: Date): boolean {
  if (moment === undefined) return false;
  const time = new Date(moment);
  return time.getUTCFullYear() >= 2000 && time.getTime() <= now.getTime() + CLOCK_SKEW_MS;
}

/** The text of a cell, "" for an empty one and undefined for one that is neither a text nor a number. */
function cellOf(row: unknown, name: string): string | undefined {
  const value = (row as Record<string, unknown> | null | undefined)?.[name];
  if (value === null || value === undefined) return "";
  return typeof value === "string" || typeof value === "number" ? String(value).trim() : undefined;
}

/** A cell as a response quotes it. */
function shown(cell: string | undefined): string {
  return (cell ?? "").slice(0, 100).toWellFormed();
}
