import type { StackState } from "../../../local/stack-state.ts";
import type { Attempt } from "./attempts.ts";

/** The sender of the requests: a page with the publishable key and these headers. */
export interface Attacker {
  name: string;
  headers: Record<string, string>;
  /** Whether the credentials are genuine. Others are refused before any table is read. */
  genuine: boolean;
}

/** Values that no response may show to another caller. */
export interface Secrets {
  /** The victim's id, which no row in a response may contain. */
  victimId: string;
  /** The values in the victim's rows, which no request contains. */
  markers: readonly string[];
}

const AT_ONCE = 8;

/** Makes all attempts, and returns descriptions of those with a wrong outcome. */
export async function attack(
  { apiUrl }: StackState,
  { headers, genuine, name }: Attacker,
  attempts: readonly Attempt[],
  secrets: Secrets | null,
): Promise<string[]> {
  const successes: string[] = [];
  const waiting = attempts.values();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const attempt of waiting) {
      const response = await fetch(`${apiUrl}/rest/v1/${attempt.path}`, {
        method: attempt.method,
        headers: {
          ...headers,
          ...(attempt.body !== undefined && { "content-type": "application/json" }),
          ...attempt.headers,
        },
        ...(attempt.body !== undefined && { body: JSON.stringify(attempt.body) }),
      });
      const text = await response.text();
      const fault = faultOf({ ...attempt, outcome: genuine ? attempt.outcome : "refused" }, response, text, secrets);
      if (fault !== null) {
        const request = `${attempt.method} ${attempt.path} ${JSON.stringify(attempt.headers ?? {})}`;
        successes.push(`${name}, ${request}: ${fault}; ${response.status} ${text.slice(0, 200)}`);
      }
    }
  }));
  return successes;
}

function faultOf(
  { method, outcome, path, says = "" }: Attempt,
  { status, ok, headers }: Response,
  text: string,
  secrets: Secrets | null,
): string | null {
  if (status >= 500) return "the API failed";
  if (secrets?.markers.some((marker) => text.includes(marker))) return "shows a value of the victim's row";
  if (secrets !== null && ok && text.includes(secrets.victimId)) return "shows a row of the victim's";
  if (outcome === "own") return secrets !== null && ok ? tooMany(path, headers) : null;
  if (ok) return "was not refused";
  const isDenial = (status === 401 || status === 403) &&
    (method === "HEAD" || (code(text) === "42501" && text.includes(says)));
  return outcome === "refused" || isDenial ? null : "was refused, but not for a missing privilege";
}

/** A count may reveal rows that are not shown. An attacker has at most one row in each table. */
function tooMany(path: string, headers: Headers): string | null {
  const total = Number(/\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1] ?? 0);
  return total > 1 && !path.startsWith("plans") ? `counts ${total} rows` : null;
}

function code(text: string): unknown {
  try {
    return JSON.parse(text).code;
  } catch {
    return undefined;
  }
}
