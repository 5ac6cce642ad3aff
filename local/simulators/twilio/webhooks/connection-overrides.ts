/** The class of a failed attempt in Twilio's retry policy: connect timeout, read timeout, or response status. */
export type FailureClass = "ct" | "rt" | "4xx" | "5xx";

/** Twilio's webhook connection settings; times in milliseconds. */
export interface ConnectionSettings {
  connectTimeoutMs: number;
  /** Until the first packet of the response, and between two packets. */
  readTimeoutMs: number;
  /** For all attempts together. */
  totalTimeoutMs: number;
  retryCount: number;
  retryPolicy: Set<FailureClass>;
}

const ALL: FailureClass[] = ["4xx", "5xx", "ct", "rt"];

/**
 * Splits a webhook URL into the URL to request (and sign) and the connection settings in its fragment, for example
 * `#ct=2000&rt=5000&tt=10000&rc=3&rp=5xx,ct`. The limits are `ct` 100 to 10,000, `rt` and `tt` 100 to 15,000 and `rc` 0 to
 * 5. Missing or out-of-range values are Twilio's defaults: 15 s in total, one retry, and only if the connection could not
 * be established.
 *
 * Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
 */
export function splitConnectionOverrides(url: string): { url: string; settings: ConnectionSettings } {
  const mark = url.indexOf("#");
  const fragment = new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
  return {
    url: mark === -1 ? url : url.slice(0, mark),
    settings: {
      connectTimeoutMs: integerWithin(fragment.get("ct"), 100, 10_000) ?? 5_000,
      readTimeoutMs: integerWithin(fragment.get("rt"), 100, 15_000) ?? 15_000,
      totalTimeoutMs: integerWithin(fragment.get("tt"), 100, 15_000) ?? 15_000,
      retryCount: integerWithin(fragment.get("rc"), 0, 5) ?? 1,
      retryPolicy: policyOf(fragment.get("rp")),
    },
  };
}

function integerWithin(text: string | null, least: number, most: number): number | undefined {
  if (text === null || !/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

function policyOf(text: string | null): Set<FailureClass> {
  const named = (text ?? "ct").split(",").map((part) => part.trim());
  if (named.includes("all")) return new Set(ALL);
  const known = ALL.filter((failure) => named.includes(failure));
  return new Set(known.length > 0 ? known : ["ct"]);
}
