import * as z from "zod";
import { noSuch } from "../errors.ts";
import type { StripeList } from "../objects/shapes.ts";
import type { Simulator } from "../simulator.ts";
import { text, whole } from "./form.ts";

/** The paging parameters of all lists. */
export const PAGING = {
  limit: whole.refine((limit) => limit >= 1 && limit <= 100, "must be between 1 and 100").optional(),
  starting_after: text.optional(),
  ending_before: text.optional(),
} satisfies z.ZodRawShape;

interface Page {
  limit?: number | undefined;
  starting_after?: string | undefined;
  ending_before?: string | undefined;
}

/**
 * Returns one page of the matching items, newest first.
 *
 * A cursor can be any object in the collection, even one that does not match: a caller that pages through undelivered
 * events may have delivered the last one in between.
 *
 * @param oldestFirst the items in order of creation, because several can have the same `created` second
 * @throws StripeApiError if a cursor is not in the collection
 */
export function listPage<T extends { id: string }>(
  oldestFirst: Iterable<T>,
  matches: (item: T) => boolean,
  page: Page,
  url: string,
): StripeList<T> {
  const items = [...oldestFirst].reverse();
  const limit = page.limit ?? 10;
  if (page.ending_before !== undefined) {
    const newer = items.slice(0, positionOf(items, page.ending_before, "ending_before")).filter(matches);
    return list(newer.slice(-limit), newer.length > limit, url);
  }
  const start = page.starting_after === undefined ? 0 : positionOf(items, page.starting_after, "starting_after") + 1;
  const older = items.slice(start).filter(matches);
  return list(older.slice(0, limit), older.length > limit, url);
}

function positionOf(items: { id: string }[], id: string, param: string): number {
  const position = items.findIndex((item) => item.id === id);
  if (position < 0) throw noSuch("object", id, param);
  return position;
}

function list<T>(data: T[], hasMore: boolean, url: string): StripeList<T> {
  return { object: "list", data, has_more: hasMore, url };
}

/**
 * Refuses a filter for an object that does not exist. A deleted customer exists.
 * @throws StripeApiError
 */
export function expectKnown(
  { records }: Pick<Simulator, "records">,
  { customer, subscription }: { customer?: string | undefined; subscription?: string | undefined },
): void {
  if (customer !== undefined && !records.customers.has(customer)) throw noSuch("customer", customer, "customer");
  if (subscription !== undefined && !records.subscriptions.has(subscription)) {
    throw noSuch("subscription", subscription, "subscription");
  }
}

/** Returns whether a time matches a `created` filter. */
export function inRange(
  at: number,
  range: {
    gt?: number | undefined;
    gte?: number | undefined;
    lt?: number | undefined;
    lte?: number | undefined;
  } = {},
): boolean {
  return at > (range.gt ?? -Infinity) && at >= (range.gte ?? -Infinity) &&
    at < (range.lt ?? Infinity) && at <= (range.lte ?? Infinity);
}
