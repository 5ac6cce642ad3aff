import type { StackState } from "../../../local/stack-state.ts";
import type { Attempt } from "./attempts.ts";

/** Who makes the requests: by these headers, as a page with the publishable key would. */
export interface Attacker {
  name: string;
  headers: Record<string, string>;
  /** Whether the credentials are genuine: others are turned away before any table is asked. */
  genuine: boolean;
}

/** What an answer may show nobody but their owner. */
export interface Secrets {
  /** The victim's id, which no row in an answer may hold. */
  victimId: string;
  /** What is written in the victim's rows, and in no request. */
  markers: readonly string[];
}

const AT_ONCE = 8;

/** Makes all attempts, and returns in words what came of them that should not have. */
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
  if (secrets?.markers.some((marker) => text.includes(marker))) return "shows what is in the victim's row";
  if (secrets !== null && ok && text.includes(secrets.victimId)) return "shows a row of the victim's";
  if (outcome === "own") return secrets !== null && ok ? tooMany(path, headers) : null;
  if (ok) return "was not refused";
  const isDenial = (status === 401 || status === 403) &&
    (method === "HEAD" || (code(text) === "42501" && text.includes(says)));
  return outcome === "refused" || isDenial ? null : "was refused, but not for want of a privilege";
}

/** A count may give away rows that are not shown. Whoever attacks has one row of everything, or none. */
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
