import Stripe from "stripe";
import type { Actor } from "../../../local/driver/actor.ts";
import { LANES, onEachQueue } from "../../support/queues.ts";
import { callFunction, runJobs } from "../../../local/driver/actor.ts";
import type { Stage } from "../../support/stage.ts";
import { type Caller, freshNumber, freshRecipient, newcomer } from "../../support/tenants.ts";
import { postStripeEvent, postTwilioCallback } from "../../support/webhooks.ts";
import { CAT } from "../../support/media.ts";

/** The users of the test. */
export interface People {
  /** Has a subaccount and a number, and a webhook for her texts. */
  ada: Caller;
  operator: Actor;
  /** Part of every text Ada sends and receives. */
  words: string;
}

/**
 * Calls every function in many ways, all at once. Responses are not checked here: the test searches them for secrets afterwards,
 * above all those of failed calls.
 * @param turn calls that cause many jobs are made in every third turn only
 */
export async function doEverything(stage: Stage, { ada, operator, words }: People, turn: number): Promise<void> {
  const { state, twilio, stripe, database } = stage;
  const ben = await newcomer(stage, "ben").catch(() => null);
  const id = crypto.randomUUID();
  const message = { to: freshRecipient(), body: `${words} ${id}` };
  const calls: (() => Promise<unknown>)[] = [
    () => ada.call("provision-subaccount"),
    () => ada.call("provision-subaccount", { method: "POST" }),
    () => ada.call("list-numbers"),
    () => ada.call("list-numbers/overview"),
    () => ada.call("search-numbers?country=US&areaCode=415"),
    () => ada.call("search-numbers?country=nowhere"),
    () => ada.call("buy-number", { body: { phoneNumber: freshNumber(), friendlyName: id } }),
    () => ada.call("create-checkout", { body: { plan: turn % 2 === 0 ? "team" : "scale" } }),
    () => ada.call("cancel-subscription", { body: { when: turn % 2 === 0 ? "period_end" : "never" } }),
    () => ada.call("change-plan", { body: { plan: turn % 2 === 0 ? "team" : id } }),
    () => ada.call("claim-subscription", { body: {} }),
    () => ada.call("create-checkout", { body: { plan: id, successUrl: "https://evil.example.com" } }),
    () => ada.call("billing-portal", { body: {} }),
    () => ada.call("set-primary-number", { body: { numberId: id } }),
    () => ada.call("rename-number", { body: { numberId: id, friendlyName: id } }),
    () => ada.call("release-number", { body: { numberId: id, confirmPhoneNumber: ada.number } }),
    () => ada.call("sync-numbers", { method: "POST" }),
    () => ada.call("send-sms", { body: message, headers: { "idempotency-key": id } }),
    () => ada.call("send-sms", { body: { ...message, from: "+15005550006" } }),
    () => ada.call("send-sms", { body: { to: "nothing", body: 1 } }),
    () => ada.call("send-sms", { body: "{not json", headers: { "content-type": "application/json" } }),
    async () => await ada.data.from("user_preferences").select("*"),
    async () => await ada.data.from("user_preferences").select("user_id, twilio_subaccount_sid"),
    async () => await ada.data.from("sms_messages").select("id, body, status, error_message"),
    () => twilio.inbound({ from: freshRecipient(), to: ada.number, body: `Hi ${words}` }),
    () => twilio.inbound({ from: freshRecipient(), to: ada.number, body: "", media: [CAT] }),
    () => twilio.inbound({ from: freshRecipient(), to: ada.number, body: "HELP" }),
    () => ada.call("send-bulk", { body: { body: `Dear {{name}} ${words}`, recipients: listOf(3), from: ada.number } }),
    () => ada.call("send-bulk", { body: { body: "{{nothing}}", recipients: listOf(1) } }),
    () => everyCampaign(ada),
    () => ada.call(`list-messages?search=${id}`),
    () => ada.call("list-messages?cursor=x"),
    () => ada.call("list-conversations"),
    () => ada.call("get-usage"),
    () => ada.call(`get-usage?by=day&from=${id}`),
    () => ada.call("get-usage?by=month&format=csv"),
    () => ada.call("list-statements"),
    () => ada.call(`list-statements/${id}?format=html`),
    () => ada.call(`list-statements?cursor=${id}`),
    () => openLatestMedia(ada),
    () => ada.call("list-conversations?unread=true&tag=vip"),
    () =>
      ada.call("contacts", {
        body: { phoneNumber: freshRecipient(), name: words, notes: words, tags: [words.slice(0, 40)] },
      }),
    () =>
      ada.call("contacts/import", {
        body: { contacts: [{ phoneNumber: freshRecipient(), name: words }, { phoneNumber: words }] },
      }),
    () => ada.call("contacts"),
    () => ada.call("contacts/tags"),
    () => ada.call("contacts/delete", { body: { phoneNumber: freshRecipient() } }),
    () => ada.call("mark-read", { body: { number: freshRecipient(), with: freshRecipient() } }),
    () => ada.call("opt-outs"),
    () => ada.call("opt-outs/export"),
    () => ada.call("opt-outs", { body: { optOuts: [{ recipient: freshRecipient() }, { recipient: words }] } }),
    () => redactLatest(ada),
    () => ada.call("messaging-settings"),
    () => ada.call("messaging-settings", { body: settingsOf(id) }),
    () => ada.call("forward-webhook"),
    () => ada.call("forward-webhook/confirm", { method: "POST" }),
    () => ada.call("forward-webhook/test", { method: "POST" }),
    () => everyDelivery(ada),
    () => ada.call("forward-webhook", { body: { url: "https://ada:secret@hooks.invalid" } }),
    () =>
      operator.call("admin/set-number-send-rate", {
        body: { phoneNumber: ada.number, messagesPerSecond: 100, reason: id },
      }),
    async () => await ada.data.from("messaging_settings").select(),
    async () => await ada.data.from("sms_conversations").select(),
    async () => await ada.data.from("campaigns").select("id, name, status, waiting"),
    () => database.enqueue({ kind: "settle-messages" }),
    () => database.enqueue({ kind: "refresh-messages" }),
    () => database.enqueue({ kind: "redact-old-messages" }),
    () => postStripeEvent(state, JSON.stringify(eventOf(ada))),
    () => postStripeEvent(state, JSON.stringify({ ...eventOf(ada), created: "never" })),
    () => postStripeEvent(state, "{}", { secret: `${state.stripe.webhookSecret.slice(0, 10)}_wrong_${id}` }),
    () => postTwilioCallback(state, { path: `status/${ada.id}`, form: statusOf(ada), token: ada.authToken }),
    () => postTwilioCallback(state, { path: `status/${ada.id}`, form: statusOf(ada), token: "0".repeat(32) }),
    () => operator.call("admin/tenants"),
    () => operator.call("admin/tenants?format=csv&sort=newest"),
    () => operator.call(`admin/tenant-figures?userIds=${ada.id}`),
    () => operator.call(`admin/tenants/${ada.id}`),
    () => operator.call(`admin/tenants/${ada.id}/timeline?format=csv`),
    () => operator.call("admin/audit?format=csv"),
    () => operator.call(`admin/tenants/${ada.id}/usage?format=csv`),
    () => operator.call("admin/reconciliations?unexplained=true&format=csv"),
    () => operator.call("admin/carrier-fees?country=US"),
    () =>
      operator.call("admin/set-carrier-fee", {
        body: { country: "US", channel: "sms", validFrom: "2027-01-01", fee: 0.005, reason: id },
      }),
    () => operator.call("admin/revenue?by=tenant&format=csv"),
    () => operator.call("admin/losses?by=tenant"),
    () => operator.call("admin/plans"),
    () => operator.call(`admin/tenant-emails?userIds=${ada.id}`),
    () => operator.call("admin/unbilled?format=csv"),
    () => operator.call("admin/rejected"),
    () => operator.call(`admin/next-invoice?userId=${ada.id}`),
    () => operator.call("admin/exchange-rates?unit=SEK"),
    () =>
      operator.call("admin/set-exchange-rate", {
        body: { unit: "SEK", currency: "nok", validFrom: "2027-01-01", rate: 0.95, reason: id },
      }),
    () => operator.call("admin/sync-tenant", { body: { userId: ada.id, reason: id } }),
    () =>
      operator.call("admin/set-tenant-limits", {
        body: { userId: ada.id, limits: { spendLimit: 1000 }, reason: id },
      }),
    () => operator.call("admin/set-plan-limits", { body: { plan: "nothing", limits: { maxNumbers: 1 }, reason: id } }),
    () => operator.call("admin/health"),
    () => callFunction(state, "metrics", { headers: { apikey: state.secretKey } }),
    () => operator.call("admin/dead-letters"),
    () => operator.call("admin/alerts"),
    () => operator.call("admin/alerts?format=csv&state=all"),
    () => operator.call("admin/acknowledge-alert", { body: { alertId: id, reason: id } }),
    () => operator.call("admin/change-alerts", { body: { alertIds: [id], to: "settled", reason: id } }),
    () => operator.call("admin/cancel-subscription", { body: { subscriptionId: "sub_unknown", reason: "gone" } }),
    () => operator.call("admin/sealing-keys"),
    () => operator.call("admin/unpaid-accounts"),
    () => operator.call("admin/unpaid-total"),
    () =>
      operator.call("admin/move-number", {
        body: { phoneNumber: freshNumber(), userId: ada.id, to: "tenant", reason: id },
      }),
    () => operator.call("admin/rotate-token", { body: { userId: ada.id, reason: id } }),
    ...LANES.map((lane) => () => runJobs(state, lane)),
    () => database.enqueue({ kind: "nothing we know", userId: ada.id }),
  ];
  if (ben !== null) {
    calls.push(
      () => ben.call("provision-subaccount", { method: "POST" }),
      () => ben.call("send-sms", { body: { ...message, to: freshRecipient() } }),
      () => ben.call("admin/tenants"),
    );
  }
  if (turn % 3 === 0) {
    const { id: clientReferenceId, email } = ben ?? ada;
    calls.push(
      () => operator.call("admin/rotate-sealing-keys", { body: { reason: id } }),
      () => operator.call("admin/sweep", { body: { reason: id } }),
      () => stripe.subscribe({ clientReferenceId, plan: "team", email }),
    );
  }
  await Promise.allSettled(calls.map((call) => call()));
  // Makes the waiting jobs due, and those that fail again nearly dead letters.
  await onEachQueue(database.sql, (queue) => database.sql`update ${queue} set vt = now(), read_ct = read_ct + 4`)
    .catch(() => {});
  for (const lane of LANES) await runJobs(state, lane).catch(() => {});
}

const listOf = (count: number) =>
  Array.from({ length: count }, () => ({ to: freshRecipient(), variables: { name: "Ann" } }));

const settingsOf = (helpReply: string) => ({
  stopReply: null,
  startReply: "Hello again",
  helpReply,
  allowedCountries: ["US", "CA"],
  retentionDays: 30,
});

/** Reads the latest campaign in all ways, and changes its status. */
async function everyCampaign(tenant: Actor): Promise<void> {
  const id = (await tenant.call("campaigns")).body.campaigns?.[0]?.id;
  for (const change of ["pause", "resume", "cancel"]) {
    await tenant.call(`campaigns/${id}/${change}`, { method: "POST" });
  }
  for (const path of ["", "/recipients", "/nothing"]) await tenant.call(`campaigns/${id}${path}`);
}

/** Opens the file of a received message with the tenant's token, and with a link. */
async function openLatestMedia(tenant: Actor): Promise<void> {
  const received = (await tenant.call("list-messages?direction=inbound")).body.messages ?? [];
  // deno-lint-ignore no-explicit-any -- a response under faults
  const { id, media } = received.find((message: any) => message.media.length > 0) ?? {};
  if (id === undefined) return;
  const { pathname, search } = new URL(media[0].url);
  await tenant.call(`message-media${search}`);
  await tenant.call(`message-media${search}0`);
  await tenant.call(`message-media?message=${id}&index=0`);
  await tenant.call(`${pathname.split("/").at(-1)}/links?message=${id}`);
}

/** Reads the latest delivery in all ways, and replays it. */
async function everyDelivery(tenant: Actor): Promise<void> {
  const id = (await tenant.call("forward-webhook/deliveries")).body.deliveries?.[0]?.id;
  await tenant.call(`forward-webhook/deliveries/${id}`);
  await tenant.call(`forward-webhook/deliveries/${id}/replay`, { method: "POST" });
}

async function redactLatest(tenant: Actor): Promise<void> {
  const messageId = (await tenant.call("list-messages?limit=1")).body.messages?.[0]?.id;
  await tenant.call("redact-message", { body: { messageId } });
}

function eventOf({ id }: Actor): Partial<Stripe.Event> & Record<string, unknown> {
  return {
    id: `evt_${crypto.randomUUID()}`,
    object: "event",
    type: "customer.subscription.updated",
    created: Math.floor(Date.now() / 1000),
    data: { object: { id: `sub_${id}`, customer: `cus_${id}`, metadata: { user_id: id } } } as never,
  };
}

function statusOf({ accountSid }: Caller): Record<string, string> {
  return { AccountSid: accountSid, MessageSid: `SM${"0".repeat(32)}`, MessageStatus: "sent" };
}
