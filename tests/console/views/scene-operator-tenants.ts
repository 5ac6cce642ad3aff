import type { DatabaseSide } from "../../support/database-side.ts";

/** A tenant of the list, as far as the list shows them. */
interface Listed {
  name: string;
  status: "active" | "suspended" | "closed" | null;
  hold?: "suspended" | "closed";
  lastError?: string;
  numbers?: number;
  /** What a message is priced at and costs; no usage without it. */
  usage?: { price: number; cost: number; most: number; unit?: string };
}

const LISTED: readonly Listed[] = [
  { name: "harbor-bakery", status: "active", numbers: 3, usage: { price: 0.0158, cost: 0.0083, most: 420 } },
  { name: "northwind-clinic", status: "active", numbers: 1, usage: { price: 0.0087, cost: 0.0083, most: 90 } },
  { name: "old-mill-books", status: "suspended", hold: "suspended", usage: { price: 0.01, cost: 0.0125, most: 12 } },
  { name: "kaffeehaus", status: "active", numbers: 2, usage: { price: 0.12, cost: 0.09, most: 40, unit: "EUR" } },
  { name: "closed-for-good", status: "closed", hold: "closed" },
  {
    name: "a-tenant-with-a-very-long-name-before-the-at-sign-of-their-address",
    status: null,
    lastError:
      "Cannot set up the subaccount: Twilio answered 400 with error 20001: the account has reached the number of " +
      "subaccounts that it may have, and needs an upgrade by Twilio's support before another one can be created",
  },
];

/** Makes tenants in every state of the list, at once and with SQL: no job acts on them. */
export async function listTenants({ sql }: DatabaseSide): Promise<void> {
  const now = Date.now();
  for (const [index, { name, status, hold, lastError, numbers = 0, usage }] of LISTED.entries()) {
    const id = crypto.randomUUID();
    const sid = `AC${id.replaceAll("-", "")}`;
    await sql`insert into auth.users (id, email, email_confirmed_at) values (${id}, ${`${name}@example.test`}, now())`;
    if (status !== null) {
      await sql`insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status,
          twilio_subaccount_auth_token_encrypted, twilio_subaccount_friendly_name)
        values (${id}, ${sid}, ${status}, 'v1.k1.iv.sealed', ${name})`;
    }
    await sql`insert into private.tenancies ${
      sql({
        user_id: id,
        requested_at: new Date(now - (index + 1) * 86_400_000),
        requested_by: "operator",
        operator_hold: hold ?? null,
        applied_status: status,
        subaccount_sid: status === null ? null : sid,
        subaccount_status: status,
        last_error: lastError ?? null,
        created_at: new Date(now - (index + 1) * 86_400_000),
      })
    } on conflict (user_id) do update set requested_at = excluded.requested_at, requested_by = excluded.requested_by,
      operator_hold = excluded.operator_hold, applied_status = excluded.applied_status,
      subaccount_sid = excluded.subaccount_sid, subaccount_status = excluded.subaccount_status,
      last_error = excluded.last_error, created_at = excluded.created_at`;
    await sql`insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, friendly_name, capabilities, status,
        account_sid)
      select ${id}, '+1202555' || lpad((${index} * 10 + n)::text, 4, '0'), 'PN' || md5(${id} || n), 'Line ' || n,
        '{"sms": true}', 'active', ${sid}
      from generate_series(1, ${numbers}) n`;
    if (usage !== undefined) {
      const { price, cost, most, unit = "USD" } = usage;
      await sql`insert into private.usage_totals (user_id, day, kind, unit, count, segments, price, cost)
        select ${id}, private.utc_day() - d, 'sms_out', ${unit}, c.count, c.count, c.count * ${price}::numeric,
          c.count * ${cost}::numeric
        from generate_series(0, 29) d
        cross join lateral (select (${most} * (0.6 + 0.4 * sin(d * 0.9 + ${index})))::int as count) c
        on conflict do nothing`;
    }
    await sql`update private.due_work set due_at = 'infinity' where user_id = ${id}`;
    await sql`update private.usage_accounts set due_at = null where user_id = ${id}`;
  }
}
