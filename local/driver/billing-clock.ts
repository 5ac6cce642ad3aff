import postgres from "postgres";
import type { StripeSide } from "./stripe-side.ts";
import { eventually } from "./eventually.ts";
import type { StackState } from "../stack-state.ts";

/** One clock for Stripe's simulator and for the decisions of billing, which is ahead of the real one or behind it. */
export interface BillingClock extends AsyncDisposable {
  /** Moves both back to a moment. Only while Stripe has no customers: what follows happens in the past. */
  beginAt(moment: Date): Promise<void>;
  /** Moves both forward to a moment. */
  passTo(moment: Date): Promise<void>;
  /**
   * Moves both to an hour after the end of a billing period. The draft of its invoice is read a minute after the end: an hour
   * later, usage belongs to the next period as long as no draft says that this one still takes it.
   */
  passPeriod(end: Date, isDraftKnown: () => Promise<boolean>): Promise<void>;
  /** Ends a past that was begun: both have the real time from now on. */
  passToNow(): Promise<void>;
  /**
   * As `eventually`, and the scheduled jobs of billing run at once instead of within minutes. What looks again an hour later
   * does so within seconds: while this waits, hours pass, but not beyond the real time after a beginning in the past.
   */
  eventually<Value>(awaited: string, read: () => Promise<Value | false>): Promise<Value>;
}

/** A customer for whom nothing can be sent at the first look is looked at again a minute later. */
const PATIENCE_MS = 150_000;
/** After so long, an hour passes. */
const HOUR_PASSES_MS = 4_000;
const HOUR_SECONDS = 3600;

/** Makes the clock of a stack whose Stripe is simulated. */
export function billingClock({ dbUrl }: Pick<StackState, "dbUrl">, stripe: StripeSide): BillingClock {
  const sql = postgres(dbUrl, { max: 1, onnotice: () => {} });
  const hurry = () =>
    sql`update private.schedules s set due_at = now() where private.lane_of(s.job) = 'billing' and due_at > now()`;
  /** Whether it began in the past: it never passes the real time then. */
  let isBehind = false;
  const setPresent = (expression: string) =>
    sql.unsafe(`
      create or replace function private.present() returns timestamptz language plpgsql stable set search_path = ''
      as $$ begin return ${expression}; end; $$`);
  /** Gives the decisions of billing the time of Stripe. */
  async function follow(): Promise<void> {
    const ahead = await stripe.now() - Math.floor(Date.now() / 1000);
    await setPresent(`now() + interval '${ahead} seconds'`);
  }
  async function passHour(): Promise<void> {
    if (isBehind && await stripe.now() + HOUR_SECONDS > Date.now() / 1000) return;
    await stripe.advance(HOUR_SECONDS);
    await follow();
  }
  async function passTo(moment: Date): Promise<void> {
    // Stripe first: what it sends at the end of a period finds the time at which it was sent.
    const seconds = Math.ceil(moment.getTime() / 1000) - await stripe.now();
    await stripe.advance(Math.max(0, seconds));
    await follow();
  }
  return {
    async beginAt(moment) {
      isBehind = true;
      await stripe.beginAt(Math.floor(moment.getTime() / 1000));
      await follow();
    },
    passTo,
    async passPeriod(end, isDraftKnown) {
      await passTo(new Date(end.getTime() + 60_000));
      await eventually("the draft of the period's invoice to be read", isDraftKnown, PATIENCE_MS);
      await passTo(new Date(end.getTime() + HOUR_SECONDS * 1000));
    },
    async passToNow() {
      await stripe.advance(Math.max(0, Math.floor(Date.now() / 1000) - await stripe.now()));
      await setPresent("now()");
    },
    async eventually(awaited, read) {
      let hurriedAt = 0;
      let passedAt = performance.now();
      return await eventually(awaited, async () => {
        if (performance.now() - passedAt > HOUR_PASSES_MS) {
          passedAt = performance.now();
          await passHour();
        }
        if (performance.now() - hurriedAt > 500) {
          hurriedAt = performance.now();
          await hurry();
        }
        return await read();
      }, PATIENCE_MS);
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }),
  };
}
