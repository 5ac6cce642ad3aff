import { booleanOf } from "../booleans.ts";
import { invalidParameter } from "../errors.ts";
import { page } from "../paging.ts";
import type { Answer, ApiCall, Route } from "../router.ts";
import { familyOf, type Period, USAGE_CATEGORIES, usageOf } from "../usage.ts";
import { periodDays, USAGE_SPANS, usagePeriods, type UsageSpan } from "../usage-periods.ts";

const BASE = "/2010-04-01/Accounts/:account/Usage/Records";

/**
 * `/Usage/Records` and its time spans, computed from messages and number purchases. Includes subaccounts by default.
 */
export const usageRecordRoutes: Route[] = [
  { method: "GET", pattern: BASE, handle: (call) => listRecords(call, null) },
  ...USAGE_SPANS.map((span): Route => ({
    method: "GET",
    pattern: `${BASE}/${span}`,
    handle: (call) => listRecords(call, span),
  })),
];

interface UsageRecord {
  category: string;
  period: Period;
}

function listRecords(call: ApiCall, span: UsageSpan | null): Answer {
  const { account, query, simulation } = call;
  const category = query.get("Category");
  if (category !== null && !USAGE_CATEGORIES[category]) throw invalidParameter("Category", category);
  const accounts = familyOf(simulation.store, account.sid, booleanOf(query, "IncludeSubaccounts") ?? true);
  const categories = category === null ? Object.keys(USAGE_CATEGORIES).sort() : [category];
  const records = usagePeriods(span, query, account.createdAt)
    .flatMap((period) => categories.map((category): UsageRecord => ({ category, period })));
  return { status: 200, body: page(call, "usage_records", records, (record) => recordBody(call, accounts, record)) };
}

function recordBody(
  { account, simulation }: ApiCall,
  accounts: ReadonlySet<string>,
  { category, period }: UsageRecord,
): Record<string, unknown> {
  const known = USAGE_CATEGORIES[category];
  const { count, usage, price } = usageOf(simulation.store, category, accounts, period);
  const { start, end } = periodDays(period);
  const base = `/2010-04-01/Accounts/${account.sid}/Usage/Records`;
  const isMoney = known?.usageUnit === "usd";
  return {
    account_sid: account.sid,
    category,
    description: known?.description,
    start_date: start,
    end_date: end,
    as_of: new Date().toISOString().replace(/\.\d{3}Z$/, "+00:00"),
    count: isMoney ? null : String(count),
    count_unit: known?.countUnit,
    usage: isMoney ? price.toFixed(5) : String(usage),
    usage_unit: known?.usageUnit,
    price: price.toFixed(5),
    price_unit: "usd",
    api_version: "2010-04-01",
    uri: `${base}.json?Category=${category}&StartDate=${start}&EndDate=${end}`,
    subresource_uris: Object.fromEntries(
      USAGE_SPANS.map((span) => [snakeCase(span), `${base}/${span}.json?Category=${category}`]),
    ),
  };
}

function snakeCase(name: string): string {
  return name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}
