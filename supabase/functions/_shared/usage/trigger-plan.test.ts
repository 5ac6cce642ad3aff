import assert from "node:assert/strict";
import fc from "fast-check";
import { firingToken } from "./firing-token.ts";
import { type FoundTrigger, isOurs, keptTrigger, planTriggers, TRIGGER, triggerName } from "./trigger-plan.ts";

const WANTED = { value: "37.50", callbackUrl: "https://api.example/functions/v1/twilio-webhook/usage/u" };

function trigger(sid: string, more: Partial<FoundTrigger> = {}): FoundTrigger {
  return {
    ...TRIGGER,
    ...{ sid, friendlyName: triggerName("37.50"), triggerValue: "37.5", createdAt: 0 },
    ...{ callbackUrl: WANTED.callbackUrl, callbackMethod: "POST" },
    ...more,
  };
}

Deno.test("a new account gets one trigger, whose name has its kind, value and version in 64 characters", () => {
  const friendlyName = "switchboard:usage:totalprice:monthly:37.50:v1";
  assert.deepEqual(planTriggers(WANTED, []), [{ do: "create", friendlyName, ...WANTED }]);
  assert.ok(triggerName("9999999999.99").length <= 64);
});

Deno.test("another limit creates the new trigger before it deletes the old one", () => {
  const old = trigger("UT1", { friendlyName: triggerName("30.00"), triggerValue: "30" });
  assert.deepEqual(planTriggers(WANTED, [old]).map((step) => step.do), ["create", "delete"]);
});

Deno.test("duplicates of a lost answer are deleted, and the oldest stays", () => {
  const found = [trigger("UT2", { createdAt: 2 }), trigger("UT1", { createdAt: 1 }), trigger("UT3", { createdAt: 1 })];
  assert.equal(keptTrigger(WANTED, found)?.sid, "UT1");
  assert.deepEqual(planTriggers(WANTED, found), [{ do: "delete", sid: "UT2" }, { do: "delete", sid: "UT3" }]);
});

Deno.test("another callback URL or method is updated in place", () => {
  const update = [{ do: "update", sid: "UT1", callbackUrl: WANTED.callbackUrl }];
  assert.deepEqual(planTriggers(WANTED, [trigger("UT1", { callbackUrl: "https://old.example/" })]), update);
  assert.deepEqual(planTriggers(WANTED, [trigger("UT1", { callbackMethod: "GET" })]), update);
});

Deno.test("a trigger with our name and other contents is replaced", () => {
  for (
    const more of [{ triggerValue: "99" }, { recurring: "daily" }, { triggerBy: "count" }, { usageCategory: "sms" }]
  ) {
    assert.deepEqual(planTriggers(WANTED, [trigger("UT1", more)]).map((step) => step.do), ["create", "delete"]);
  }
});

Deno.test("the token of a firing has its day in GMT, as Twilio's callback has it", () => {
  assert.equal(firingToken("AC1", "UT1", new Date("2012-10-04T23:59:59Z")), "AC1-FIRES-UT1-2012-10-04");
});

const found: fc.Arbitrary<FoundTrigger> = fc.record({
  sid: fc.uuid(),
  friendlyName: fc.constantFrom(
    triggerName("37.50"),
    triggerName("30.00"),
    "switchboard:usage:old",
    "another product",
    "",
  ),
  usageCategory: fc.constantFrom("totalprice", "sms"),
  triggerBy: fc.constantFrom("price", "count"),
  recurring: fc.constantFrom("monthly", "daily", ""),
  triggerValue: fc.constantFrom("37.5", "37.500000", "30"),
  callbackUrl: fc.constantFrom(WANTED.callbackUrl, "https://old.example/"),
  callbackMethod: fc.constantFrom("POST", "GET"),
  createdAt: fc.integer({ min: 0, max: 5 }),
});
const lists = fc.uniqueArray(found, { selector: ({ sid }) => sid, maxLength: 6 });

/** Carries out the first `count` steps of a plan. A created trigger is the newest. */
function after(list: readonly FoundTrigger[], count = Infinity): FoundTrigger[] {
  let now = [...list];
  for (const step of planTriggers(WANTED, list).slice(0, count)) {
    if (step.do === "create") {
      const { friendlyName, value: triggerValue, callbackUrl } = step;
      now.push(trigger("new", { friendlyName, triggerValue, callbackUrl, createdAt: 9 }));
    } else if (step.do === "delete") now = now.filter(({ sid }) => sid !== step.sid);
    else {now = now.map((one) =>
        one.sid === step.sid ? { ...one, callbackUrl: step.callbackUrl, callbackMethod: "POST" } : one
      );}
  }
  return now;
}

Deno.test("Property: a plan leaves exactly the wanted trigger of ours and every other one, and then nothing to do", () => {
  fc.assert(fc.property(lists, (list) => {
    const end = after(list);
    const ours = end.filter(isOurs);
    assert.equal(ours.length, 1);
    assert.equal(keptTrigger(WANTED, end)?.sid, ours[0]?.sid);
    assert.deepEqual(end.filter((one) => !isOurs(one)), list.filter((one) => !isOurs(one)));
    assert.deepEqual(planTriggers(WANTED, end), []);
  }));
});

Deno.test("Property: a plan that stops at any step ends the same way when it is made again, and never without a trigger", () => {
  fc.assert(fc.property(lists, fc.nat(7), (list, steps) => {
    const stopped = after(list, steps);
    assert.ok(steps === 0 || planTriggers(WANTED, list).length === 0 || stopped.some(isOurs));
    assert.equal(after(stopped).filter(isOurs).length, 1);
    assert.ok(keptTrigger(WANTED, after(stopped)));
  }));
});
