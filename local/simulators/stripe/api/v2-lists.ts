import * as z from "zod";
import { invalidRequest } from "../errors.ts";
import { text, whole } from "./form.ts";

/** The paging parameters of the v2 API. `page` is a part of `next_page_url`. */
export const V2_PAGING = {
  limit: whole.refine((limit) => limit >= 1 && limit <= 100, "must be between 1 and 100").optional(),
  page: text.optional(),
} satisfies z.ZodRawShape;

const DEFAULT_LIMIT = 20;

/** Returns a page of the v2 API: pages follow each other by URL. `page` is the id of the last item before the page. */
export function v2Page<T extends { id: string }>(
  items: T[],
  { limit = DEFAULT_LIMIT, page }: { limit?: number | undefined; page?: string | undefined },
  requestUrl: string,
): { data: T[]; next_page_url: string | null; previous_page_url: null } {
  const after = page === undefined ? -1 : items.findIndex(({ id }) => id === page);
  if (page !== undefined && after < 0) throw invalidRequest(`Invalid page: ${page}`, "page");
  const data = items.slice(after + 1, after + 1 + limit);
  const isLast = after + 1 + limit >= items.length;
  const next = new URL(requestUrl);
  next.searchParams.set("page", data.at(-1)?.id ?? "");
  return { data, next_page_url: isLast ? null : next.pathname + next.search, previous_page_url: null };
}
