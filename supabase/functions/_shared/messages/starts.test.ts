import assert from "node:assert/strict";
import fc from "fast-check";
import type { Twilio } from "../twilio/client.ts";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import type { Db } from "../platform/database.ts";
import { createLog } from "../platform/log.ts";
import { compareStart, settleStart, StartNotListed } from "./starts.ts";

interface Listed {
  sid: string;
  body: string;
  /** Whole seconds, as at Twilio. */
  at: number;
  /** Not in the list yet. */
  isLate?: boolean;
}

/** Twilio with these messages of one pair, oldest first. */
function twilioWith(messages: readonly Listed[]): Twilio {
  const shown = messages.map((one) => ({ ...one, dateSent: new Date(one.at * 1000), dateCreated: null }));
  const get = (sid: string) => ({
    fetch() {
      const found = shown.find((one) => one.sid === sid);
      if (found) return Promise.resolve(found);
      return Promise.reject(Object.assign(new Error("not found"), { status: 404, code: 20404 }));
    },
  });
  const list = () => Promise.resolve(shown.filter(({ isLate }) => !isLate).reverse());
  return { account: { messages: { list, get } } } as unknown as Twilio;
}

const compare = (messages: readonly Listed[], ...stopSids: string[]) =>
  compareStart(twilioWith(messages), {
    startSid: "start",
    stopSids,
    ownNumber: "+14155550100",
    peerNumber: "+14155550199",
  });
const start = (at: number): Listed => ({ sid: "start", body: "START", at });
const stop = (at: number, more: Partial<Listed> = {}): Listed => ({ sid: "stop", body: "", at, ...more });
const NOTHING = { startedAt: null, olderStops: [], goneStops: [] };

Deno.test("compareStart names the STOPs before the START, also in the same second", async () => {
  const lifted = { startedAt: new Date(5000), olderStops: ["stop"], goneStops: [] };
  assert.deepEqual(await compare([stop(4), start(5)], "stop"), lifted);
  assert.deepEqual(await compare([stop(5), start(5)], "stop"), lifted);
});

Deno.test("compareStart names nothing when a STOP is newer, is in the same second behind it, or reads as a STOP", async () => {
  for (const after of [stop(6), stop(5), stop(5, { isLate: true }), stop(7, { isLate: true })]) {
    assert.deepEqual(await compare([start(5), after], "stop"), NOTHING);
  }
  const unknown = { sid: "other", body: "Stop. Thank you", at: 6 };
  assert.deepEqual(await compare([stop(4), start(5), unknown], "stop"), NOTHING);
});

Deno.test("compareStart reads a STOP that is not listed by its SID, and names one that Twilio no longer has", async () => {
  const older = await compare([stop(4, { isLate: true }), start(5)], "stop");
  assert.deepEqual(older.olderStops, ["stop"]);
  assert.deepEqual(await compare([start(5)], "stop"), { ...NOTHING, startedAt: new Date(5000), goneStops: ["stop"] });
});

Deno.test("compareStart fails while Twilio does not list the START", async () => {
  await assert.rejects(compare([stop(4)], "stop"), StartNotListed);
});

Deno.test("the job retries a START that Twilio does not list, and gives it up in its last attempt without lifting anything", async () => {
  const called: string[] = [];
  const pending = [{ own_number: "+14155550100", peer_number: "+14155550199", stop_sids: ["stop"] }];
  const rpc = (name: string) => {
    called.push(name);
    return { abortSignal: () => Promise.resolve({ data: pending, error: null }) };
  };
  const settle = (isLastAttempt: boolean) =>
    settleStart({ userId: null, startSid: "start" }, isLastAttempt, {
      db: { rpc } as unknown as Db,
      accounts: { master: () => Promise.resolve(twilioWith([stop(4)])) } as unknown as TwilioAccounts,
      log: createLog({}, () => {}),
    });
  await assert.rejects(settle(false), StartNotListed);
  assert.equal(await settle(true), true);
  assert.deepEqual(called, ["start_to_settle", "start_to_settle"]);
});

Deno.test("of STOPs and a START in any order, nothing is lifted if any STOP is later, and otherwise every STOP is older", async () => {
  const history = fc.array(fc.constantFrom("STOP", "hello", "", "quit!"), { maxLength: 6 });
  await fc.assert(fc.asyncProperty(history, history, fc.boolean(), async (before, after, sameSecond) => {
    const at = (index: number) => sameSecond ? 1 : index;
    const texts = [...before.map((body) => ({ body, sid: "" })), start(0), ...after.map((body) => ({ body, sid: "" }))];
    const messages = texts.map(({ body, sid }, index) => ({ body, sid: sid || `SM${index}`, at: at(index) }));
    const isStop = ({ body }: Listed) => body === "STOP" || body === "quit!";
    const stops = messages.filter(isStop).map(({ sid }) => sid);
    const compared = await compare(messages, ...stops);
    if (messages.slice(before.length + 1).some(isStop)) assert.deepEqual(compared, NOTHING);
    else assert.deepEqual(compared.olderStops, stops);
  }));
});
