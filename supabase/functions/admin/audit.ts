import * as z from "zod";
import { type Columns, csvResponse, formatParameter } from "../_shared/platform/csv.ts";
import { type Row, rows } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { cursorParameter, limitParameter, nextSchema, page, writeCursor } from "../_shared/platform/paging.ts";
import { readQuery } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";

export const entrySchema = z.strictObject({
  id: z.int(),
  at: z.iso.datetime(),
  actor: z.string(),
  action: z.string(),
  subaccountSid: z.string().nullable(),
  requestId: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
}).meta({ id: "TimelineEntry", description: "A line of the audit log of one tenant" });

export type Entry = z.output<typeof entrySchema>;

export const auditQuery = z.strictObject({
  actor: z.string().min(1).max(100).optional()
    .describe("user:<id>, operator:<id>, or the part of the system that acted, such as converge"),
  action: z.string().min(1).max(100).optional().describe("Such as tenant.suspended"),
  requestId: z.string().min(1).max(100).optional().describe("The x-request-id of a response"),
  cursor: cursorParameter(z.tuple([z.int()])),
  limit: limitParameter(1000, 50),
  format: formatParameter,
}).meta({ id: "AuditPage" });

const auditLineSchema = entrySchema.extend({ userId: z.guid().nullable().describe("The tenant; null: no tenant") })
  .meta({ id: "AuditLine", description: "A line of the audit log" });

type AuditLine = z.output<typeof auditLineSchema>;

export const auditSchema = z.strictObject({ lines: z.array(auditLineSchema), next: nextSchema })
  .meta({ id: "AuditLog", description: "The response of admin/audit" });

/** The lines of the whole audit log that match, newest first. */
export async function listAuditLog(request: Request, { db }: Context): Promise<Response> {
  const { actor, action, requestId, cursor, limit, format } = readQuery(request, auditQuery);
  const found = await rows(db, "list_audit_log", {
    p_actor: actor ?? null,
    p_action: action ?? null,
    p_request_id: requestId ?? null,
    p_before: cursor?.[0] ?? null,
    p_limit: limit,
  });
  const { items: lines, next } = page(
    found,
    limit,
    (line): AuditLine => ({ ...entryOf(line), userId: line.user_id }),
    (last) => writeCursor([last.id]),
  );
  if (format === "csv") return csvResponse("audit", AUDIT_COLUMNS, { items: lines, next });
  return Response.json({ lines, next } satisfies z.output<typeof auditSchema>);
}

/** A row of the audit log as callers see it. */
export function entryOf(line: Row<"audit_log">): Entry {
  return {
    id: line.id,
    at: isoOf(line.at),
    actor: line.actor,
    action: line.action,
    subaccountSid: line.subaccount_sid,
    requestId: line.request_id,
    details: line.details as Entry["details"],
  };
}

export const TIMELINE_COLUMNS: Columns<Entry> = {
  at: ({ at }) => at,
  actor: ({ actor }) => actor,
  action: ({ action }) => action,
  subaccountSid: ({ subaccountSid }) => subaccountSid,
  requestId: ({ requestId }) => requestId,
  reason: ({ details }) => typeof details["reason"] === "string" ? details["reason"] : null,
  details: ({ details }) => JSON.stringify(details),
};

const AUDIT_COLUMNS: Columns<AuditLine> = { userId: ({ userId }) => userId, ...TIMELINE_COLUMNS };
