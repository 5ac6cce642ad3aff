import assert from "node:assert/strict";
import { WebhookReceiver } from "./webhook-receiver.ts";

const post = (body: string) =>
  new Request("http://127.0.0.1/_sim/receiver", {
    method: "POST",
    body,
    headers: { "webhook-id": "1", "content-type": "application/json" },
  });

Deno.test("The receiver keeps the last 50 events, newest first, with their signature's headers", async () => {
  const receiver = new WebhookReceiver();
  for (let index = 0; index < 60; index++) assert.equal((await receiver.receive(post(`${index}`))).status, 204);
  assert.deepEqual(receiver.events.map(({ body }) => Number(body)), Array.from({ length: 50 }, (_, n) => 59 - n));
  assert.deepEqual(receiver.events[0]!.headers, { "webhook-id": "1" });
});

Deno.test("The receiver answers with the status that it was given", async () => {
  const receiver = new WebhookReceiver();
  receiver.answerWith(503);
  assert.equal((await receiver.receive(post("a"))).status, 503);
  assert.equal(receiver.events[0]!.status, 503);
  for (const status of [0, 199, 600, 200.5, Number.NaN]) assert.throws(() => receiver.answerWith(status), RangeError);
});
