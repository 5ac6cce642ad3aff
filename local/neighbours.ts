import * as z from "zod";
import type { StackState } from "./stack-state.ts";

type Service = "twilio" | "stripe";

/** What a stack answers at `/health`: that it runs, and for which services it has simulators of its own. */
export function health(
  { twilio, stripe }: Pick<StackState, "twilio" | "stripe">,
): { status: "ok"; simulates: Service[] } {
  const simulates: Service[] = [];
  if (twilio.simulated) simulates.push("twilio");
  if (stripe.simulated) simulates.push("stripe");
  return { status: "ok", simulates };
}

/** What a stack answers while it starts. It may have simulators of its own. */
export const STARTING = { message: "The local stack is starting" } as const;

const answer = z.object({ simulates: z.array(z.string()) });

const TIMEOUT_MS = 1_000;
/** How long an answer is used: a stack can start at any time. */
const BELIEVED_MS = 2_000;

/**
 * Tells whether a simulator that runs alone may call a URL. It must send nothing to a local stack that has a simulator of its
 * own for the service: both default to the same port, and the stack would refuse the signature again and again.
 *
 * @param refused receives the origin of such a stack once
 */
export function awayFromStacks(service: Service, refused: (origin: string) => void): (url: string) => Promise<boolean> {
  const known = new Map<string, { at: number; simulates: Promise<boolean | null> }>();
  const reported = new Set<string>();
  return async (url) => {
    const { origin } = new URL(url);
    let entry = known.get(origin);
    if (entry === undefined || Date.now() - entry.at > BELIEVED_MS) {
      entry = { at: Date.now(), simulates: simulatesItself(origin, service) };
      known.set(origin, entry);
    }
    const simulates = await entry.simulates;
    if (simulates && !reported.has(origin)) {
      reported.add(origin);
      refused(origin);
    }
    return simulates === false;
  };
}

/** Returns null for a server that does not answer in time: a busy stack may be one. */
async function simulatesItself(origin: string, service: Service): Promise<boolean | null> {
  try {
    const response = await fetch(`${origin}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const body = await response.json();
    if (body?.message === STARTING.message) return true;
    const parsed = answer.safeParse(body);
    return response.ok && parsed.success && parsed.data.simulates.includes(service);
  } catch (error) {
    // Otherwise nothing listens there, or something that is no local stack.
    return error instanceof DOMException && error.name === "TimeoutError" ? null : false;
  }
}
