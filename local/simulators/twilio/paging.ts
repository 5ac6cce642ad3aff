import { ApiError, invalidParameter } from "./errors.ts";

const DEFAULT_PAGE_SIZE = 50;
const MAX_PAGE_SIZE = 1000;

/** The path and query of a list request. */
export interface ListRequest {
  path: string;
  query: URLSearchParams;
}

/** Returns the requested page size, 50 by default. @throws ApiError 20007 if it exceeds 1000 */
export function pageSizeOf(query: URLSearchParams): number {
  const requested = query.get("PageSize");
  if (requested === null) return DEFAULT_PAGE_SIZE;
  if (!/^\d+$/.test(requested) || Number(requested) < 1) throw invalidParameter("PageSize", requested);
  if (Number(requested) > MAX_PAGE_SIZE) {
    throw new ApiError(20007, `Page size too large: '${requested}' is more than ${MAX_PAGE_SIZE}`);
  }
  return Number(requested);
}

/**
 * Returns one page of `items` with Twilio's relative page URIs.
 *
 * The page token contains the `seq` of the last row of the previous page, so that rows created or deleted between two
 * requests cause no repeated or skipped rows. Rows without a `seq` (usage records) are paged by position.
 */
export function page<T extends object>(
  request: ListRequest,
  key: string,
  items: T[],
  render: (item: T) => unknown,
): Record<string, unknown> {
  const size = pageSizeOf(request.query);
  const number = pageNumberOf(request.query);
  const offset = offsetOf(request.query.get("PageToken"), items, number * size);
  const shown = items.slice(offset, offset + size);
  const last = shown.at(-1);
  const more = offset + size < items.length;
  const start = number * size;
  return {
    [key]: shown.map(render),
    page: number,
    page_size: size,
    start,
    end: start + Math.max(shown.length - 1, 0),
    uri: pageUri(request, size, number, request.query.get("PageToken")),
    first_page_uri: pageUri(request, size, 0, null),
    next_page_uri: more ? pageUri(request, size, number + 1, tokenAfter(last)) : null,
    previous_page_uri: number > 0 ? pageUri(request, size, number - 1, null) : null,
  };
}

function pageNumberOf(query: URLSearchParams): number {
  const requested = query.get("Page") ?? "0";
  if (!/^\d+$/.test(requested)) throw invalidParameter("Page", requested);
  return Number(requested);
}

function tokenAfter(item: object | undefined): string | null {
  const seq = item && seqOf(item);
  return seq ? `PA${seq.toString(16).padStart(32, "0")}` : null;
}

function seqOf(item: object): number {
  return "seq" in item && typeof item.seq === "number" ? item.seq : 0;
}

/** Lists are sorted from newest to oldest, so the next page begins with the first `seq` below the token's. */
function offsetOf(token: string | null, items: object[], fallback: number): number {
  if (!token) return fallback;
  const seen = /^PA([0-9a-f]{32})$/.exec(token)?.[1];
  if (!seen) throw invalidParameter("PageToken", token);
  const offset = items.findIndex((item) => seqOf(item) < parseInt(seen, 16));
  return offset === -1 ? items.length : offset;
}

function pageUri({ path, query }: ListRequest, size: number, number: number, token: string | null): string {
  const params = new URLSearchParams(query);
  for (const name of ["PageSize", "Page", "PageToken"]) params.delete(name);
  params.set("PageSize", String(size));
  params.set("Page", String(number));
  if (token) params.set("PageToken", token);
  return `${path}?${params}`;
}
