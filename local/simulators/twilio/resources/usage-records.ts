import { booleanOf } from "../booleans.ts";
import { amountOf, usageNow } from "../charges.ts";
import { startOfDay } from "../dates.ts";
import { invalidParameter, notFound } from "../errors.ts";
import { page } from "../paging.ts";
import type { Answer, ApiCall, Route } from "../router.ts";
import {
  categoriesOf,
  familyOf,
  NOTHING_USED,
  type Period,
  type Usage,
  usageByCategory,
  visibleCharges,
} from "../usage.ts";
import { describeCategory, TOTAL } from "../usage-categories.ts";
import { periodDays, USAGE_SPANS, usagePeriods, type UsageSpan } from "../usage-periods.ts";

const BASE = "/2010-04-01/Accounts/:account/Usage/Records";

/**
 * `/Usage/Records` and its time spans, computed from the ledger of charges. Includes subaccounts by default. The parent
 * reads the usage of a suspended account; the account itself gets 10001. A closed account has none: 20404.
 */
export const usageRecordRoutes: Route[] = [null, ...USAGE_SPANS].map((span) => ({
  method: "GET",
  pattern: span === null ? BASE : `${BASE}/${span}`,
  inactiveAccountCode: 10001,
  handle: (call) => listRecords(call, span),
}));

interface UsageRecord {
  category: string;
  period: Period;
  used: Usage;
}

/** @throws ApiError 20404 for a closed account, a range before the account existed, and an end before the start */
function listRecords(call: ApiCall, span: UsageSpan | null): Answer {
  const { account, query, simulation } = call;
  const accounts = familyOf(simulation.store, account.sid, booleanOf(query, "IncludeSubaccounts") ?? true);
  const charges = visibleCharges(simulation, accounts);
  const all = categoriesOf(charges);
  const category = query.get("Category");
  if (category !== null && !all.includes(category)) throw invalidParameter("Category", category);
  const periods = usagePeriods(span, query, account.createdAt, usageNow(simulation));
  const firstDay = startOfDay(account.createdAt);
  if (account.status === "closed" || periods.every(({ until }) => until <= firstDay)) throw notFound(call.path);
  const records = periods.flatMap((period) => {
    const used = usageByCategory(charges, period);
    return (category === null ? all : [category]).map((category): UsageRecord => ({
      ...{ category, period },
      used: used.get(category) ?? NOTHING_USED,
    }));
  });
  return { status: 200, body: page(call, "usage_records", records, (record) => recordBody(call, record)) };
}

function recordBody(
  { account, simulation }: ApiCall,
  { category, period, used }: UsageRecord,
): Record<string, unknown> {
  const { start, end } = periodDays(period);
  const base = `/2010-04-01/Accounts/${account.sid}/Usage/Records`;
  const isTotal = category === TOTAL;
  const { description, unit } = describeCategory(category);
  const currency = simulation.store.priceUnitOf(account.sid);
  const price = amountOf(used.micros);
  return {
    account_sid: account.sid,
    category,
    description,
    start_date: start,
    end_date: end,
    as_of: new Date(usageNow(simulation)).toISOString().replace(/\.\d{3}Z$/, "+00:00"),
    count: isTotal ? null : String(used.count),
    count_unit: isTotal ? "" : unit,
    usage: isTotal ? price : String(used.usage),
    usage_unit: isTotal ? currency : unit,
    price,
    price_unit: currency,
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
