import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { eventually } from "../../local/driver/eventually.ts";
import { ledgerOf, textsTo } from "../support/ledger.ts";
import { ownStage, test } from "../support/stage.ts";
import { type Caller, freshRecipient, withNumber } from "../support/tenants.ts";

const { stage, stack } = ownStage({});

/** Sends with a fixed key, as a client does that repeats a broken request. */
const send = (ada: Caller, to: string) =>
  ada.call("send-sms", { body: { to, body: "Hello" }, headers: { "idempotency-key": "key" } });

/** Kills the functions and waits until they serve again. */
async function kill(): Promise<void> {
  const { pid } = stack().state.functions;
  stack().killFunctions("SIGKILL");
  await eventually("the functions to respond again", () => stack().state.functions.pid !== pid, 30_000);
}

/** Ages the message by an hour if need be, and waits for its final status. */
async function settled(ada: Caller): Promise<string> {
  return await eventually("the message to be settled", async () => {
    const [row, ...others] = await ledgerOf(stage, ada);
    assert.deepEqual(others, []);
    if (row === undefined || row.status === "delivered" || row.status === "not_sent") return row?.status ?? "none";
    if (row.status === "reserved" || row.status === "unknown") await stage.database.age(ada.id, 3700);
    await stage.database.enqueue({ kind: "settle-messages" });
    return null;
  }, 60_000);
}

test("a message is sent once when the process dies while Twilio responds and the request is repeated", async () => {
  const ada = await withNumber(stage, "ada");
  const to = freshRecipient();
  await stage.twilio.fault({ match: `POST /Accounts/${ada.accountSid}/Messages`, kind: "delay:3000" });
  const broken = send(ada, to).catch(() => null);
  await eventually("the message to be at Twilio", async () => (await textsTo(stage, ada.accountSid, to)).length === 1);
  await kill();
  await broken;
  const again = await send(ada, to);
  assert.deepEqual([again.status, again.headers.get("idempotent-replayed")], [200, "true"]);
  assert.equal(await settled(ada), "delivered");
  assert.equal((await textsTo(stage, ada.accountSid, to)).length, 1);
});

test("a process that dies at any moment of a send leaves a message that is sent once or recorded as not sent", async () => {
  const fates: Record<string, number> = {};
  for (let turn = 0; turn < 5; turn++) {
    const ada = await withNumber(stage, `ada-${turn}`);
    const to = freshRecipient();
    const broken = send(ada, to).catch(() => null);
    if (turn % 2 === 0) await eventually("the reservation", async () => (await ledgerOf(stage, ada)).length === 1);
    else await new Promise((resolve) => setTimeout(resolve, randomInt(60)));
    await kill();
    await broken;
    const fate = await settled(ada);
    const sent = (await textsTo(stage, ada.accountSid, to)).length;
    assert.equal(sent, fate === "delivered" ? 1 : 0, `the message is ${fate}, and Twilio has ${sent}`);
    fates[fate] = (fates[fate] ?? 0) + 1;
  }
  console.log(`figures: killed while sending: ${JSON.stringify(fates)}`);
});
