import type { OwnStage } from "../../support/stage.ts";

/** A fault during the calls. */
export interface Trouble {
  title: string;
  /** @returns a function that ends the fault */
  begin(world: OwnStage): Promise<() => Promise<void> | void>;
}

const ALWAYS = 100_000;

/** Both services fail at the same time, each in its own way. */
const services = (title: string, twilio: Record<string, unknown>[], stripe: Record<string, unknown>): Trouble => ({
  title: `Services: ${title}`,
  async begin({ stage }) {
    for (const fault of twilio) await stage.twilio.fault({ times: ALWAYS, ...fault });
    await stage.stripe.fault({ match: "* /", times: ALWAYS, ...stripe });
    return async () => {
      await Promise.all([stage.twilio.clearFaults(), stage.stripe.clearFaults()]);
    };
  },
});

const database = (title: string, spoil: string, mend: string): Trouble => ({
  title: `Database: ${title}`,
  async begin({ stage: { database: { sql } } }) {
    await sql.unsafe(`${spoil}; notify pgrst, 'reload schema'`);
    return async () => {
      await sql.unsafe(`${mend}; notify pgrst, 'reload schema'`);
    };
  },
});

/** One of each kind. */
export const TROUBLES: readonly Trouble[] = [
  { title: "none", begin: () => Promise.resolve(() => {}) },
  services("no connection", [{ kind: "drop_before" }], { kind: "drop_before" }),
  services("no response", [{ kind: "drop_after_commit", match: "POST /" }], { kind: "drop_after_commit" }),
  services("401", [{ kind: "401" }], { kind: "status", status: 401 }),
  services("403 and 429", [{ kind: "403", match: "POST /" }, { kind: "429", retryAfter: 0 }], {
    kind: "status",
    status: 429,
  }),
  services("400 and 404", [{ kind: "400", match: "POST /" }, { kind: "404" }], { kind: "status", status: 404 }),
  services("500 and HTML", [{ kind: "500", match: "POST /" }, { kind: "503", body: "html" }], {
    kind: "status",
    status: 500,
    body: "html",
  }),
  services("an empty 502 after success", [{ kind: "502", body: "empty", committed: true }], {
    kind: "status",
    status: 502,
  }),
  services(
    "slow, with callbacks doubled and reordered",
    [{ kind: "delay:200" }, { kind: "callbacks:doubled" }, { kind: "callbacks:reordered" }],
    { kind: "delay", delayMs: 200 },
  ),
  database(
    "a function is missing",
    "alter function public.reserve_message rename to gone; alter function public.record_stripe_event rename to gone_too",
    "alter function public.gone rename to reserve_message; alter function public.gone_too rename to record_stripe_event",
  ),
  database(
    "a table is missing",
    "alter table public.sms_messages rename to gone; alter table public.user_preferences rename to gone_too",
    "alter table public.gone rename to sms_messages; alter table public.gone_too rename to user_preferences",
  ),
  database(
    "a privilege is missing",
    "revoke select, update on public.user_preferences from service_role; revoke usage on schema private from service_role",
    "grant select, update on public.user_preferences to service_role; grant usage on schema private to service_role",
  ),
  database(
    "tokens are sealed for another user",
    `create table private.kept as select user_id, twilio_subaccount_auth_token_encrypted as token from public.user_preferences;
     update public.user_preferences set twilio_subaccount_auth_token_encrypted = (select token from private.kept k where k.user_id <> user_preferences.user_id and token is not null limit 1)`,
    `update public.user_preferences p set twilio_subaccount_auth_token_encrypted = k.token from private.kept k where k.user_id = p.user_id;
     drop table private.kept`,
  ),
  database(
    "errors that quote the whole row",
    `create function private.quote_row() returns trigger language plpgsql as $$ begin raise exception 'Failing row contains %', new; end $$;
     create trigger quote_row before insert or update on public.sms_messages for each row execute function private.quote_row();
     create trigger quote_row before insert or update on public.user_preferences for each row execute function private.quote_row();
     create trigger quote_row before insert on public.webhook_events for each row execute function private.quote_row()`,
    "drop function private.quote_row() cascade",
  ),
  {
    title: "Database: tables are locked briefly",
    begin({ stage: { database: { sql } } }) {
      const locked = sql.begin(async (tx) => {
        await tx`lock table public.user_preferences, public.sms_messages in access exclusive mode`;
        await tx`select pg_sleep(0.7)`;
      });
      return Promise.resolve(async () => {
        await locked;
      });
    },
  },
  {
    title: "Functions: killed during the calls",
    begin({ stack }) {
      const timer = setTimeout(() => stack().killFunctions(), 60);
      return Promise.resolve(() => clearTimeout(timer));
    },
  },
];
