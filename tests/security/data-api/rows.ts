import { randomInt } from "node:crypto";
import type postgres from "postgres";

/** One row of everything a tenant can have, as a target for attacks. */
export interface Rows {
  /** By table: a value in a column no request names, which identifies the row in any response. */
  markers: Record<string, string>;
}

/** Inserts one row of a tenant into every table of the Data API that has tenants' rows or data about them. */
export async function rowsOfEverything(sql: postgres.Sql, userId: string): Promise<Rows> {
  const mark = () => crypto.randomUUID().replaceAll("-", "");
  const markers: Record<string, string> = {
    user_preferences: mark(),
    subscriptions: mark(),
    user_twilio_numbers: mark(),
    sms_messages: mark(),
    sms_opt_outs: mark(),
    tenant_notices: mark(),
    twilio_usage: mark(),
    campaigns: mark(),
    forward_deliveries: mark(),
    messaging_settings: mark(),
    sms_conversations: mark(),
    contacts: mark(),
    webhook_events: mark(),
    audit_log: mark(),
    operator_alerts: mark(),
  };
  const number = `+1500${randomInt(2_000_000, 9_999_999)}`;
  await sql.begin(async (tx) => {
    await tx`
      insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status,
        twilio_subaccount_auth_token_encrypted, twilio_subaccount_friendly_name)
      values (${userId}, ${`AC-${userId}`}, 'active', 'v1.k1.iv.sealed', ${markers["user_preferences"]!})`;
    await tx`
      insert into public.subscriptions (id, user_id, stripe_customer_id, plan_key, status)
      values (${`sub_${userId}`}, ${userId}, ${markers["subscriptions"]!}, 'team', 'active')`;
    await tx`
      insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, friendly_name)
      values (${userId}, ${number}, ${`PN-${userId}`}, ${markers["user_twilio_numbers"]!})`;
    await tx`
      insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, request_hash)
      values (${userId}, 'outbound', ${number}, '+15005550199', ${markers[
      "sms_messages"
    ]!}, 'sent', 'AC', 'subaccount', 'hash')`;
    await tx`
      insert into public.sms_opt_outs (sender, recipient, user_id, keyword)
      values (${number}, '+15005550199', ${userId}, ${markers["sms_opt_outs"]!})`;
    await tx`
      insert into public.twilio_usage (user_id, account_sid, day, category, count, usage, price, price_unit)
      values (${userId}, ${markers["twilio_usage"]!}, '2026-01-01', 'sms', 1, 1, 1, 'usd')`;
    await tx`
      insert into public.tenant_notices (user_id, kind, subject)
      values (${userId}, 'usage.threshold', ${markers["tenant_notices"]!})`;
    await tx`
      insert into public.forward_deliveries (id, user_id, status, attempts)
      values (gen_random_uuid(), ${userId}, 'failed', ${tx.json([{ failure: markers["forward_deliveries"]! }])})`;
    await tx`
      insert into public.campaigns (user_id, name, from_number, body, status, total, waiting, idempotency_key, request_hash)
      values (${userId}, ${markers["campaigns"]!}, ${number}, 'Hello', 'paused', 1, 1, 'key', 'hash')`;
    await tx`
      insert into public.messaging_settings (user_id, stop_reply) values (${userId}, ${markers[
      "messaging_settings"
    ]!})`;
    await tx`
      insert into public.contacts (user_id, phone_number, name) values (${userId}, '+15005550199', ${markers[
      "contacts"
    ]!})`;
    // The message above has created one already, with numbers only.
    await tx`
      update public.sms_conversations set peer_number = ${markers["sms_conversations"]!} where user_id = ${userId}`;
    await tx`
      insert into public.webhook_events (provider, event_id, type, payload)
      values ('stripe', ${`evt_${userId}`}, 'ping', ${tx.json({ marker: markers["webhook_events"]! })})`;
    await tx`
      insert into public.audit_log (actor, action, user_id, request_id)
      values (${markers["audit_log"]!}, 'subaccount.created', ${userId}, ${crypto.randomUUID()})`;
    await tx`
      insert into public.operator_alerts (kind, subject, user_id)
      values ('dead_letter', ${markers["operator_alerts"]!}, ${userId})`;
  });
  return { markers };
}
