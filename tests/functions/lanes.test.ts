import assert from "node:assert/strict";
import { callFunction } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { campaigner, freshRecipients, startCampaign } from "../support/campaigning.ts";
import { assertRefused } from "../support/answers.ts";
import { listen } from "../support/listener.ts";
import { ownStage, test } from "../support/stage.ts";
import { forwardTo, freshRecipient } from "../support/tenants.ts";
import { postStripeEvent } from "../support/webhooks.ts";

/** The lanes are kept full, which must not affect other files. */
const { stage } = ownStage({});

const CAMPAIGNS = 20;
const FORWARDS = 40;
/** The seconds within which a job of the control lane is claimed. */
const SOON = 2;

const forwardsInFlight = async () =>
  (await stage.database.sql`
    select from private.jobs_in_flight f join private.jobs j on j.lane = f.lane and j.msg_id = f.job_id
    where j.message ->> 'kind' = 'forward-message' and f.until > now()`).length;

/** The seconds until the job of an event or a user is no longer unclaimed on a queue. */
async function secondsToClaim(id: string, enqueue: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await enqueue();
  await eventually("the job to be claimed", async () => {
    const unclaimed = await stage.database.sql`
      select from private.jobs where ${id} in (message ->> 'eventId', message ->> 'userId') and read_ct = 0`;
    return unclaimed.length === 0;
  }, 30_000);
  return (performance.now() - start) / 1000;
}

test("beside 20 running campaigns and 40 forwards to a silent server, control jobs are claimed within two seconds", async () => {
  const { sql } = stage.database;
  const tenants = await Promise.all(
    ["ada", "ben", "cleo", "dan"].map((name) => campaigner(stage, name, { number: 1 })),
  );
  await using server = await listen();
  for (const tenant of tenants) await forwardTo(tenant, `${server.url}/hook`);
  for (let count = 0; count < FORWARDS; count++) {
    const { number } = tenants[count % tenants.length]!;
    await stage.twilio.inbound({ from: freshRecipient(), to: number, body: `Text ${count}` });
  }
  for (let count = 0; count < CAMPAIGNS; count++) {
    await startCampaign(tenants[count % tenants.length]!, freshRecipients(200));
  }
  await eventually("the campaigns to run, and the texts to be forwarded", async () => {
    const running = await sql`select from public.campaigns where status = 'running'`;
    return running.length === CAMPAIGNS && server.heard.length >= FORWARDS && await forwardsInFlight() === 0;
  });
  // All at once, so that no forward ends soon after another.
  server.reply("is silent");
  await sql`
    select private.enqueue(jsonb_build_object('kind', 'forward-message', 'userId', user_id, 'messageId', id))
    from public.sms_messages where direction = 'inbound'`;
  await eventually("the server to keep forwards waiting", async () => await forwardsInFlight() >= 8);

  const expectSoon = async (id: string, enqueue: () => Promise<unknown>) => {
    const seconds = await secondsToClaim(id, enqueue);
    assert.ok(seconds < SOON, `the job of ${id} was claimed after ${seconds} s`);
  };
  // No call of run-jobs follows these, as when that call is lost: the scheduler's next one finds them.
  for (let round = 0; round < 2; round++) {
    const eventId = `evt_${crypto.randomUUID()}`;
    await expectSoon(eventId, () => stage.database.enqueue({ kind: "stripe-event", eventId }));
    const userId = crypto.randomUUID();
    await expectSoon(userId, () => stage.database.enqueue({ kind: "converge", userId }));
  }
  const id = `evt_${crypto.randomUUID()}`;
  const event = { id, object: "event", type: "product.created", created: 1_790_000_000, data: { object: {} } };
  await expectSoon(id, () => postStripeEvent(stage.state, JSON.stringify(event)));
  assert.ok(await forwardsInFlight() > 0, "the forwards ended before the jobs of the control lane were claimed");
  await sql`update public.campaigns set status = 'canceled' where status = 'running'`;
});

test("run-jobs without a lane, or with an unknown one, answers 400 and runs no job", async () => {
  const headers = { apikey: stage.state.secretKey };
  for (const body of [{}, { lane: "express" }, { lane: "control", kind: "sweep" }]) {
    assertRefused(await callFunction(stage.state, "run-jobs", { headers, body }), [400, "invalid_input"]);
  }
});
