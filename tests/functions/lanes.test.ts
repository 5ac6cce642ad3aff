import assert from "node:assert/strict";
import { callFunction } from "../../local/driver/actor.ts";
import { eventually } from "../../local/driver/eventually.ts";
import { campaigner, freshRecipients, startCampaign } from "../support/campaigning.ts";
import { assertRefused } from "../support/answers.ts";
import { listen } from "../support/listener.ts";
import { ownStage, test } from "../support/stage.ts";
import { freshRecipient, withNumber } from "../support/tenants.ts";
import { postStripeEvent } from "../support/webhooks.ts";

/** The lanes are kept full, which must not affect other files. */
const { stage } = ownStage({});

const CAMPAIGNS = 20;
const FORWARDS = 20;
/** The seconds within which a job of the control lane is claimed. */
const SOON = 2;

const inFlight = async (lane: string) =>
  (await stage.database.sql`select from private.jobs_in_flight where lane = ${lane} and until > now()`).length;

/** The seconds until a job of the control lane has left its queue or was claimed. */
async function secondsToClaim(begin: () => Promise<unknown>, jobs: () => Promise<unknown[]>): Promise<number> {
  const start = performance.now();
  await begin();
  await eventually("the job to be claimed", async () => (await jobs()).length === 0, 30_000);
  return (performance.now() - start) / 1000;
}

const unclaimed = (field: string, id: string) =>
  stage.database.sql`
  select from private.jobs where message ->> ${field} = ${id} and read_ct = 0`;

test("beside 20 running campaigns and 20 forwards to a silent server, control jobs are claimed within two seconds", async () => {
  const { sql } = stage.database;
  const tenants = await Promise.all(
    ["ada", "ben", "cleo", "dan"].map((name) => campaigner(stage, name, { number: 1 })),
  );
  for (let count = 0; count < CAMPAIGNS; count++) {
    await startCampaign(tenants[count % tenants.length]!, freshRecipients(200));
  }
  await using server = await listen();
  server.reply("is silent");
  const eve = await withNumber(stage, "eve");
  await eve.switchboard.saveForwardWebhook({ url: `${server.url}/hook` });
  for (let count = 0; count < FORWARDS; count++) {
    await stage.twilio.inbound({ from: freshRecipient(), to: eve.number, body: `Text ${count}` });
  }
  await eventually("the campaigns to run", async () => {
    return (await sql`select from public.campaigns where status = 'running'`).length === CAMPAIGNS;
  });
  await eventually(
    "both lanes to be busy",
    async () => await inFlight("campaigns") > 0 && await inFlight("forwarding") > 0,
  );

  for (let round = 0; round < 3; round++) {
    const eventId = `evt_${crypto.randomUUID()}`;
    const event = {
      id: eventId,
      object: "event",
      type: "product.created",
      created: 1_790_000_000,
      data: { object: {} },
    };
    const seconds = await secondsToClaim(
      () => postStripeEvent(stage.state, JSON.stringify(event)),
      () => unclaimed("eventId", eventId),
    );
    assert.ok(seconds < SOON, `the Stripe event was claimed after ${seconds} s`);

    const userId = crypto.randomUUID();
    const seconds2 = await secondsToClaim(
      () => stage.database.enqueue({ kind: "converge", userId }),
      () => unclaimed("userId", userId),
    );
    assert.ok(seconds2 < SOON, `the convergence was claimed after ${seconds2} s`);
  }
  assert.ok(await inFlight("forwarding") > 0, "the forwards ended before the jobs of the control lane were claimed");
  for (const tenant of tenants) {
    await sql`update public.campaigns set status = 'canceled' where user_id = ${tenant.id} and status = 'running'`;
  }
});

test("run-jobs without a lane, or with an unknown one, answers 400 and runs no job", async () => {
  const headers = { apikey: stage.state.secretKey };
  for (const body of [{}, { lane: "express" }, { lane: "control", kind: "sweep" }]) {
    assertRefused(await callFunction(stage.state, "run-jobs", { headers, body }), [400, "invalid_input"]);
  }
});
