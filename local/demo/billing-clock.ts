import postgres from "postgres";
import type { StripeSide } from "../driver/stripe-side.ts";
import { eventually } from "../driver/eventually.ts";
import type { StackState } from "../stack-state.ts";

/** One clock for Stripe's simulator and for the decisions of billing, which runs ahead of the real one. */
export interface BillingClock extends AsyncDisposable {
  /** Moves both forward to a moment. */
  passTo(moment: Date): Promise<void>;
  /** As `eventually`, and the scheduled jobs of billing run at once instead of within minutes. */
  eventually<Value>(awaited: string, read: () => Promise<Value | false>): Promise<Value>;
}

/** A customer for whom nothing can be sent at the first look is looked at again a minute later. */
const PATIENCE_MS = 150_000;

/** Makes the clock of a stack whose Stripe is simulated. */
export function billingClock({ dbUrl }: StackState, stripe: StripeSide): BillingClock {
  const sql = postgres(dbUrl, { max: 1, onnotice: () => {} });
  const hurry = () =>
    sql`update private.schedules s set due_at = now() where private.lane_of(s.job) = 'billing' and due_at > now()`;
  return {
    async passTo(moment) {
      // Stripe first: what it sends at the end of a period finds the time at which it was sent.
      const seconds = Math.ceil(moment.getTime() / 1000) - await stripe.now();
      await stripe.advance(Math.max(0, seconds));
      const ahead = await stripe.now() - Math.floor(Date.now() / 1000);
      await sql.unsafe(`
        create or replace function private.present() returns timestamptz language plpgsql stable set search_path = ''
        as $$ begin return now() + interval '${ahead} seconds'; end; $$`);
    },
    async eventually(awaited, read) {
      let hurriedAt = 0;
      return await eventually(awaited, async () => {
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
