import { openToken } from "../../../supabase/functions/_shared/sealing/seal.ts";
import type postgres from "postgres";
import type Stripe from "stripe";
import type { KeyRing } from "../../../supabase/functions/_shared/sealing/key-ring.ts";
import type { TwilioSide } from "../../../local/driver/twilio-side.ts";

export type Status = "active" | "suspended" | "closed";

/** What a tenant should have once everything has come to rest. */
export interface Expectation {
  userId: string;
  /** The statuses their one open account may have; "none" allows no open account. */
  account: readonly ("active" | "suspended" | "none")[];
  /** A user without a tenancy: an account of that name is reported by the sweep but not changed. */
  stranger?: boolean;
}

interface Account {
  sid: string;
  status: Status;
  friendly_name: string;
  auth_token: string;
}

interface Row {
  user_id: string;
  sid: string | null;
  status: string;
  token: string | null;
}

export interface Verdict {
  /** What is wrong, in words. Empty when all is well. */
  violations: string[];
  orphans: number;
  duplicates: number;
  lost: number;
}

/** The systems that are compared. */
export interface Scene {
  sql: postgres.Sql;
  twilio: TwilioSide;
  /** Reads Stripe without faults. */
  stripeApi: Pick<Stripe, "subscriptions">;
  sealing: KeyRing;
  /** The ids of the events that were acknowledged with 200. */
  acknowledged: ReadonlySet<string>;
}

const PREFIX = "switchboard:";

/** Compares Twilio, Stripe and the database with the expectations. */
export async function judge(scene: Scene, expectations: readonly Expectation[]): Promise<Verdict> {
  const verdict: Verdict = { violations: [], orphans: 0, duplicates: 0, lost: 0 };
  const { accounts } = await scene.twilio.get("/Accounts.json?PageSize=1000") as { accounts: Account[] };
  const rows = await scene.sql<Row[]>`
    select user_id, twilio_subaccount_sid as sid, twilio_subaccount_status as status,
      twilio_subaccount_auth_token_encrypted as token from public.user_preferences`;
  for (const expectation of expectations) {
    if (!expectation.stranger) await judgeTenant(scene, expectation, accounts, rows, verdict);
  }
  judgeStrays(expectations, accounts, verdict);
  await judgeEvents(scene, verdict);
  await judgeSubscriptions(scene, verdict);
  await judgeLeftovers(scene, verdict);
  return verdict;
}

async function judgeTenant(
  scene: Scene,
  { userId, account: allowed }: Expectation,
  accounts: Account[],
  rows: readonly Row[],
  verdict: Verdict,
): Promise<void> {
  const blame = (text: string) => verdict.violations.push(`${userId}: ${text}`);
  const open = accounts.filter(({ friendly_name, status }) => friendly_name === PREFIX + userId && status !== "closed");
  const row = rows.find(({ user_id }) => user_id === userId);
  if (open.length > 1) {
    verdict.duplicates += open.length - 1;
    blame(`${open.length} open accounts`);
    return;
  }
  const [account] = open;
  const found = account === undefined ? "none" : account.status as "active" | "suspended";
  if (!allowed.includes(found)) {
    if (found === "none") verdict.lost++;
    else if (allowed.every((status) => status === "none")) verdict.orphans++;
    blame(`has an account that is ${found}, and should have ${allowed.join(" or ")}`);
  }
  if (account === undefined) {
    if (row?.sid && row.status !== "closed") {
      blame(`the database says ${row.sid} is ${row.status}, but Twilio has no open account`);
    }
    return;
  }
  if (row === undefined) return void blame(`no row has ${account.sid}`);
  if (row.sid !== account.sid) blame(`the database has ${row.sid}, Twilio ${account.sid}`);
  if (row.status !== account.status) blame(`the database says ${row.status}, Twilio ${account.status}`);
  const token = await openToken(scene.sealing, userId, account.sid, row.token ?? "").catch((error) => String(error));
  if (token !== account.auth_token) blame(`the stored token is not the account's: ${token}`);
}

/** Checks that every open account of ours belongs to a user with an expectation. */
function judgeStrays(expectations: readonly Expectation[], accounts: Account[], verdict: Verdict): void {
  const names = new Set(expectations.map(({ userId }) => PREFIX + userId));
  const strays = accounts.filter(({ friendly_name: name, status }) =>
    name.startsWith(PREFIX) && status !== "closed" && !names.has(name)
  );
  verdict.orphans += strays.length;
  for (const { sid, friendly_name } of strays) verdict.violations.push(`${sid} "${friendly_name}" belongs to no user`);
}

/** Checks that every acknowledged event is in the ledger, and processed or among the dead letters. */
async function judgeEvents(scene: Scene, verdict: Verdict): Promise<void> {
  const events = await scene.sql<{ id: string; done: boolean; buried: boolean }[]>`
    select e.event_id as id, e.processed_at is not null as done,
      exists (select from pgmq.q_jobs_dead d where d.message -> 'job' ->> 'eventId' = e.event_id) as buried
    from public.webhook_events e`;
  const known = new Map(events.map((event) => [event.id, event]));
  for (const id of new Set([...scene.acknowledged, ...known.keys()])) {
    const event = known.get(id);
    if (event !== undefined && (event.done || event.buried)) continue;
    verdict.lost++;
    verdict.violations.push(
      `event ${id} is ${event === undefined ? "acknowledged and not stored" : "never processed"}`,
    );
  }
}

/** Checks that the stored status of each subscription is the status at Stripe. */
async function judgeSubscriptions(scene: Scene, verdict: Verdict): Promise<void> {
  const stored = await scene.sql<{ id: string; status: string }[]>`select id, status from public.subscriptions`;
  for (const { id, status } of stored) {
    const truth = await scene.stripeApi.subscriptions.retrieve(id);
    const expected = truth.pause_collection && truth.status === "active" ? "paused" : truth.status;
    if (status === expected) continue;
    verdict.lost++;
    verdict.violations.push(`subscription ${id} is stored as ${status}, but is ${expected} at Stripe`);
  }
}

async function judgeLeftovers(scene: Scene, verdict: Verdict): Promise<void> {
  const buried = await scene.sql<{ message: unknown }[]>`select message from pgmq.q_jobs_dead`;
  for (const { message } of buried) verdict.violations.push(`dead letter: ${JSON.stringify(message)}`);
  const leased = await scene.sql<
    { user_id: string }[]
  >`select user_id from private.tenancies where leased_until is not null`;
  for (const { user_id } of leased) verdict.violations.push(`${user_id}: the lease was never released`);
}
