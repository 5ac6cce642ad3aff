import type { ForwardDeliveriesQuery, ForwardDelivery, ForwardDeliveryStatus } from "../../../client/switchboard.ts";

export const STATUSES = [
  "pending",
  "delivered",
  "failed",
  "canceled",
] as const satisfies readonly ForwardDeliveryStatus[];

/** Which deliveries are listed. Days are written `2026-11-27`, and are those of the reader. */
export interface DeliveryFilters {
  status?: ForwardDeliveryStatus;
  from?: string;
  until?: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Reads the filters from the query of an address. What is none is left out. */
export function filtersOf(query: URLSearchParams): DeliveryFilters {
  const filters: DeliveryFilters = {};
  const status = STATUSES.find((one) => one === query.get("status"));
  if (status !== undefined) filters.status = status;
  for (const name of ["from", "until"] as const) {
    const day = query.get(name) ?? "";
    if (startOf(day) !== null) filters[name] = day;
  }
  return filters;
}

/** The query of an address, with its question mark; empty without a filter. */
export function addressOf({ status, from, until }: DeliveryFilters, delivery?: string): string {
  const query = new URLSearchParams();
  if (status !== undefined) query.set("status", status);
  if (from !== undefined) query.set("from", from);
  if (until !== undefined) query.set("until", until);
  if (delivery !== undefined) query.set("delivery", delivery);
  return query.size === 0 ? "" : `?${query}`;
}

/** The filters as forward-webhook takes them. The last day is listed to its end. */
export function deliveriesQueryOf({ status, from, until }: DeliveryFilters): ForwardDeliveriesQuery {
  return {
    ...(status !== undefined && { status }),
    ...(from !== undefined && { since: startOf(from)!.toISOString() }),
    ...(until !== undefined && { until: startOf(until, 1)!.toISOString() }),
  };
}

/** The first moment of a day, here, or of one some days later; null for what is no day. */
function startOf(day: string, daysLater = 0): Date | null {
  if (!DAY.test(day)) return null;
  const [year, month, date] = day.split("-").map(Number) as [number, number, number];
  if (year < 2000) return null;
  const start = new Date(year, month - 1, date);
  if (start.getMonth() !== month - 1 || start.getDate() !== date) return null;
  return daysLater === 0 ? start : new Date(year, month - 1, date + daysLater);
}

type Attempt = ForwardDelivery["lastAttempt"];

/** What came of an attempt. @example attemptText(…) // "Status 204 after 35 ms" */
export function attemptText({ status, durationMs, failure }: Attempt): string {
  switch (failure) {
    case "no_response":
      return "No response within 10 seconds";
    case "not_public":
      return "The URL is not accepted any more";
    case "refused":
    case null: {
      const after = durationMs === null ? "" : ` after ${new Intl.NumberFormat().format(durationMs)} ms`;
      return status === null ? "No response" : `Status ${status}${after}`;
    }
  }
}

/** A delivery that is over can be delivered again. */
export function canReplay({ status }: Pick<ForwardDelivery, "status">): boolean {
  return status !== "pending";
}

/** How many of the newest deliveries have not arrived, up to the first that has. Canceled ones tell nothing about the server. */
export function failingInARow(newestFirst: readonly ForwardDelivery[]): number {
  const tried = newestFirst.filter(({ status }) => status !== "canceled");
  const arrived = tried.findIndex(({ status }) => status === "delivered");
  const failing = arrived === -1 ? tried : tried.slice(0, arrived);
  return failing.filter(({ lastAttempt }) => lastAttempt.failure !== null).length;
}
