import assert from "node:assert/strict";
import { assertRefused } from "./answers.ts";
import { sharedStage, test } from "./stage.ts";
import { newcomer, provisioned, quiescence, type Tenant } from "./tenants.ts";

const stage = sharedStage();

let searching: Promise<Tenant> | undefined;

/** One tenant for all searches that change nothing. */
const searcher = () => searching ??= provisioned(stage, "searcher");

interface Offered {
  phoneNumber: string;
  type: string;
  isoCountry: string;
  locality: string | null;
  region: string | null;
  friendlyName: string;
  capabilities: { sms: boolean; mms: boolean; voice: boolean };
}

async function offered(query: string): Promise<Offered[]> {
  const { status, body } = await (await searcher()).call(`search-numbers${query}`);
  assert.equal(status, 200, body.message);
  return body.numbers;
}

test("a search without wishes offers local US numbers that can text", async () => {
  const numbers = await offered("");
  assert.equal(numbers.length, 20);
  for (const { phoneNumber, type, isoCountry, capabilities } of numbers) {
    assert.match(phoneNumber, /^\+1\d{10}$/);
    assert.deepEqual([type, isoCountry, capabilities.sms], ["local", "US", true]);
  }
});

test("a number on offer is described in full", async () => {
  const [number] = await offered("?country=US&type=local&areaCode=907&limit=1");
  assert.deepEqual({ ...number, phoneNumber: "+1907…", friendlyName: "(907) …" }, {
    phoneNumber: "+1907…",
    friendlyName: "(907) …",
    locality: "Anchorage",
    region: "AK",
    isoCountry: "US",
    type: "local",
    capabilities: { sms: true, mms: true, voice: true },
  });
  assert.equal(number?.friendlyName.slice(0, 5), "(907)");
});

const WISHES: Record<string, (number: Offered) => boolean> = {
  "?areaCode=212&limit=5": ({ phoneNumber }) => phoneNumber.startsWith("+1212"),
  "?contains=*77&limit=5": ({ phoneNumber }) => phoneNumber.includes("77"),
  "?region=CA&limit=5": ({ region }) => region === "CA",
  "?locality=Boston&limit=5": ({ locality }) => locality === "Boston",
  "?type=tollFree&limit=5": ({ phoneNumber, type }) => /^\+18/.test(phoneNumber) && type === "tollFree",
  "?country=SE&type=mobile&limit=5": ({ phoneNumber, isoCountry }) =>
    phoneNumber.startsWith("+4670") && isoCountry === "SE",
  "?country=GB&type=mobile&mms=false&limit=5": ({ capabilities }) => !capabilities.mms && capabilities.sms,
  "?country=GB&sms=false&voice=true&limit=5": ({ capabilities }) => !capabilities.sms && capabilities.voice,
};

for (const [query, isWanted] of Object.entries(WISHES)) {
  test(`a search for ${query} offers such numbers and no others`, async () => {
    const numbers = await offered(query);
    assert.equal(numbers.length, 5);
    assert.deepEqual(numbers.filter((number) => !isWanted(number)), []);
  });
}

test("where nothing fits, nothing is offered", async () => {
  assert.deepEqual(await offered("?country=GB&type=local"), []); // voice only, and texting is wished for by default
});

test("a country or a type Twilio does not sell is refused by name", async () => {
  const ada = await searcher();
  for (const query of ["?country=ZZ", "?country=SE&type=tollFree"]) {
    assertRefused(await ada.call(`search-numbers${query}`), [422, "number_not_available"]);
  }
});

test("a search asks Twilio as the tenant's own account", async () => {
  const ada = await provisioned(stage, "ada");
  await ada.call("search-numbers?limit=1");
  const searches = (await stage.twilio.requests()).filter(({ path }) => path.includes(`${ada.accountSid}/Available`));
  assert.deepEqual(searches.map(({ account }) => account), [ada.accountSid]);
});

test("whoever has no subaccount is told to provision one", async () => {
  const ada = await newcomer(stage, "ada");
  assertRefused(await ada.call("search-numbers"), [409, "subaccount_required"]);
});

for (const hold of ["suspended", "closed"] as const) {
  test(`a ${hold} tenant is told so, and Twilio is not asked`, async () => {
    const ada = await provisioned(stage, "ada");
    await stage.database.hold(ada.id, hold);
    await quiescence(stage, ada);
    assertRefused(await ada.call("search-numbers"), [403, `subaccount_${hold}`]);
    assert.deepEqual(
      (await stage.twilio.requests()).filter(({ path }) => path.includes(`${ada.accountSid}/Available`)),
      [],
    );
  });
}

test("an account that Twilio suspended without our doing is found out by its tenant's search", async () => {
  const ada = await provisioned(stage, "ada");
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  assertRefused(await ada.call("search-numbers"), [502, "twilio_misconfigured"]);
  await quiescence(stage, ada);
  assertRefused(await ada.call("search-numbers"), [403, "subaccount_suspended"]);
});

interface Trouble {
  fault: Record<string, unknown>;
  refused?: [status: number, code: string];
  retryAfter?: string;
}

const TROUBLES: Record<string, Trouble> = {
  "a 503 once": { fault: { kind: "503" } },
  "a broken connection once": { fault: { kind: "drop_before" } },
  "a limit once": { fault: { kind: "429", retryAfter: 0 } },
  "a 503 again and again": { fault: { kind: "503", times: 3 }, refused: [503, "twilio_unavailable"], retryAfter: "5" },
  "a page of HTML again and again": {
    fault: { kind: "502", times: 3, body: "html" },
    refused: [503, "twilio_unavailable"],
    retryAfter: "5",
  },
  "a limit again and again": {
    fault: { kind: "429", times: 3, retryAfter: 0 },
    refused: [429, "twilio_throttled"],
    retryAfter: "5",
  },
  "a refusal": { fault: { kind: "400" }, refused: [422, "twilio_refused"] },
};

for (const [title, { fault, refused, retryAfter }] of Object.entries(TROUBLES)) {
  test(`a search that meets ${title} is ${refused ? `answered ${refused.join(" ")}` : "repeated within the request"}`, async () => {
    const ada = await searcher();
    await stage.twilio.fault({ match: `GET /Accounts/${ada.accountSid}/AvailablePhoneNumbers/**`, ...fault });
    try {
      const answer = await ada.call("search-numbers?limit=1");
      assert.equal(answer.headers.get("retry-after"), retryAfter ?? null);
      if (refused === undefined) assert.equal(answer.status, 200, answer.body.message);
      else if (refused[1] === "twilio_refused") assert.equal(assertRefused(answer, refused)[0]?.["twilioCode"], 20001);
      else assertRefused(answer, refused);
    } finally {
      await stage.twilio.clearFaults();
    }
  });
}
