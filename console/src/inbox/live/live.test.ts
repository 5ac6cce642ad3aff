import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { History, message, OWN, PEER } from "../thread/history.testing.ts";
import { threadQuery } from "../thread/thread-query.ts";
import { followMessages } from "./live-channel.ts";
import { openRealtime } from "./realtime.ts";
import { RealtimeServer } from "./realtime-server.testing.ts";
import { Refresher } from "./refresh.ts";

const SIDES = { own: OWN, peer: PEER };

/** An open thread of a signed-in user that is followed over a scripted socket. */
async function following(server: RealtimeServer) {
  const supabase = createClient(server.url, "sb_publishable_key", {
    auth: { autoRefreshToken: false, persistSession: false },
  });
  const realtime = openRealtime({
    supabaseUrl: server.url,
    publishableKey: "sb_publishable_key",
    supabase,
    options: { reconnectAfterMs: () => 20, disconnectOnEmptyChannelsAfterMs: 0 },
  });
  const { access_token, refresh_token } = server.session();
  const first = await supabase.auth.refreshSession({ refresh_token });
  const history = new History();
  history.messages = [message({ second: 1 }), message({ second: 2 })];
  const queryClient = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, gcTime: Infinity } } });
  const observer = new QueryObserver(queryClient, threadQuery(queryClient, history.list, SIDES));
  const unobserve = observer.subscribe(() => {});
  const refresher = new Refresher({ queryClient, list: history.list, collectMs: 5, restMs: 5 });
  const states: boolean[] = [];
  const stop = followMessages({
    realtime: realtime.client,
    userId: "user",
    onChange: (change) => refresher.add(change),
    onGap: () => refresher.addAll(),
    onState: (isLive) => states.at(-1) !== isLive && states.push(isLive),
    retryMs: 10,
  });
  await until(() => observer.getCurrentResult().isSuccess);
  return {
    history,
    states,
    supabase,
    signedOutToken: access_token,
    token: first.data.session!.access_token,
    /** Whether the thread shows what the server has. */
    isCurrent: () => JSON.stringify(observer.getCurrentResult().data?.messages) === JSON.stringify(history.messages),
    async [Symbol.asyncDispose]() {
      stop();
      refresher.stop();
      unobserve();
      queryClient.clear();
      realtime.close();
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };
}

async function until(isDone: () => boolean) {
  for (const start = Date.now(); !isDone();) {
    assert.ok(Date.now() - start < 5_000, `Timed out: ${isDone}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The row of a message, as Realtime publishes it. */
const rowOf = ({ id, direction, from, to }: History["messages"][number]) => ({
  id,
  user_id: "user",
  direction,
  from_number: from,
  to_number: to,
});

/** Stores a message from the other number. */
function arrive(history: History, second: number) {
  const arrived = message({ second, direction: "inbound", from: PEER, to: OWN, status: "received" });
  history.messages.push(arrived);
  return arrived;
}

/** The client's timers for rejoining and heartbeats end with the process. */
const test = (name: string, fn: () => Promise<void>) =>
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });

test("messages that Realtime announces are shown, for any order and number of its events", async () => {
  await using server = new RealtimeServer();
  await using thread = await following(server);
  await until(() => thread.states.at(-1) === true);
  assert.deepEqual(server.joins[0]!.filters.map(({ table, event, filter }) => `${event} ${table} ${filter}`), [
    "INSERT sms_messages user_id=eq.user",
    "UPDATE sms_messages user_id=eq.user",
    "INSERT sms_conversations user_id=eq.user",
    "UPDATE sms_conversations user_id=eq.user",
    "INSERT campaigns user_id=eq.user",
    "UPDATE campaigns user_id=eq.user",
  ]);

  const first = arrive(thread.history, 3);
  server.publish("sms_messages", "INSERT", rowOf(first));
  await until(thread.isCurrent);

  // The event of the later message comes first, the status before its message, and each of them twice.
  const [second, third] = [arrive(thread.history, 4), message({ second: 5, status: "queued" })];
  thread.history.messages.push(third);
  for (const type of ["UPDATE", "INSERT"] as const) {
    for (const row of [third, second, third, second]) server.publish("sms_messages", type, rowOf(row));
  }
  await until(thread.isCurrent);
  third.status = "delivered";
  server.publish("sms_messages", "UPDATE", rowOf(third));
  await until(thread.isCurrent);
  // A row that is too large comes without its values.
  arrive(thread.history, 6);
  server.publish("sms_messages", "INSERT", { id: crypto.randomUUID() });
  await until(thread.isCurrent);
});

test("a status that changes before the newest page is shown", async () => {
  await using server = new RealtimeServer();
  await using thread = await following(server);
  for (let second = 3; second < 90; second += 1) thread.history.messages.push(message({ second }));
  await until(() => thread.states.at(-1) === true);
  server.publish("sms_messages", "INSERT", rowOf(thread.history.messages.at(-1)!));
  await until(thread.isCurrent);
  const early = thread.history.messages[0]!;
  Object.assign(early, { body: null, redactedAt: "2026-01-01T13:00:00.000Z" });
  server.publish("sms_messages", "UPDATE", rowOf(early));
  await until(thread.isCurrent);
});

test("what arrives while the socket is down is read when it is up again", async () => {
  await using server = new RealtimeServer();
  await using thread = await following(server);
  await until(() => thread.states.at(-1) === true);
  server.drop();
  await until(() => thread.states.at(-1) === false);
  arrive(thread.history, 3);
  assert.equal(server.publish("sms_messages", "INSERT", {}), false);
  await until(() => thread.states.at(-1) === true && thread.isCurrent());
  assert.deepEqual(thread.states, [true, false, true]);
});

test("a join that is refused, or accepted without changes, leaves the polling in place until one succeeds", async () => {
  await using server = new RealtimeServer();
  server.manner = "accept without changes";
  await using thread = await following(server);
  await until(() => server.joins.length === 1 && thread.states.at(-1) === false);
  server.manner = "refuse";
  server.drop();
  await until(() => server.joins.length >= 2);
  assert.equal(thread.states.includes(true), false);
  server.manner = "accept";
  arrive(thread.history, 3);
  await until(() => thread.states.at(-1) === true && thread.isCurrent());
});

test("the channel joins with the user's token, sends a renewed one, and is opened anew after the server closed it", async () => {
  await using server = new RealtimeServer();
  await using thread = await following(server);
  await until(() => thread.states.at(-1) === true);
  assert.equal(server.joins[0]!.token, thread.token);
  const { data } = await thread.supabase.auth.refreshSession();
  await until(() => server.renewedTokens.length === 1);
  assert.deepEqual(server.renewedTokens, [data.session!.access_token]);
  server.closeChannel();
  await until(() => thread.states.at(-1) === false);
  await until(() => thread.states.at(-1) === true);
  assert.equal(server.joins.at(-1)!.token, data.session!.access_token);
});
