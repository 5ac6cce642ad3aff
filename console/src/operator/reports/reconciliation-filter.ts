/** Which compared days are listed. */
export interface ReconciliationFilter {
  /** Only closed days whose difference must be explained. */
  unexplained: boolean;
  account?: string;
}

const ACCOUNT = /^AC[0-9a-f]{32}$/;

/** What is wrong with the text of the account's field; null for a SID, and for none. */
export function faultOfAccount(text: string): string | null {
  return text.trim() === "" || ACCOUNT.test(text.trim())
    ? null
    : "Enter the whole SID: AC and 32 digits or letters a to f";
}

/** Reads the filter from the query of an address. The days to be explained come first. */
export function reconciliationFilterOf(query: URLSearchParams): ReconciliationFilter {
  const account = query.get("account")?.trim();
  return {
    unexplained: query.get("days") !== "all",
    ...(account !== undefined && ACCOUNT.test(account) && { account }),
  };
}

/** The query of an address with this filter. */
export function reconciliationQueryOf({ unexplained, account }: ReconciliationFilter): URLSearchParams {
  const query = new URLSearchParams();
  if (!unexplained) query.set("days", "all");
  if (account !== undefined) query.set("account", account);
  return query;
}
