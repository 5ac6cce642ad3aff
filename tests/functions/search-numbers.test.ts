import assert from "node:assert/strict";
import { contract } from "../../supabase/functions/search-numbers/contract.ts";
import { assertRefused } from "../support/answers.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer, provisioned, quiescence, type Tenant } from "../support/tenants.ts";

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
  monthlyPrice: { amount: string; currency: string } | null;
  addressRequirement: string;
  requiresBundle: boolean | null;
}

async function offered(query: string): Promise<Offered[]> {
  const { status, body } = await (await searcher()).call(`search-numbers${query}`);
  assert.equal(status, 200, body.message);
  return contract.operations[0].responses[200].parse(body).numbers;
}

test("a search without filters offers local US numbers that can send texts", async () => {
  const numbers = await offered("");
  assert.equal(numbers.length, 20);
  for (const { phoneNumber, type, isoCountry, capabilities } of numbers) {
    assert.match(phoneNumber, /^\+1\d{10}$/);
    assert.deepEqual([type, isoCountry, capabilities.sms], ["local", "US", true]);
  }
});

test("an offered number has all its fields", async () => {
  const [number] = await offered("?country=US&type=local&areaCode=907&limit=1");
  assert.deepEqual({ ...number, phoneNumber: "+1907…", friendlyName: "(907) …" }, {
    phoneNumber: "+1907…",
    friendlyName: "(907) …",
    locality: "Anchorage",
    region: "AK",
    isoCountry: "US",
    type: "local",
    capabilities: { sms: true, mms: true, voice: true },
    monthlyPrice: { amount: "1.15", currency: "USD" },
    addressRequirement: "none",
    requiresBundle: false,
  });
  assert.equal(number?.friendlyName.slice(0, 5), "(907)");
});

/** Faults of the prices, each in a country whose prices no other search has read. */
const UNPRICED: Record<string, { country: string; fault: Record<string, unknown> }> = {
  "fail": { country: "SE", fault: { kind: "500", times: 3 } },
  "are refused": { country: "AU", fault: { kind: "401" } },
  "take too long": { country: "DE", fault: { kind: "delay:15000" } },
  "are an HTML page": { country: "CA", fault: { kind: "503", times: 3, body: "html" } },
};

for (const [title, { country, fault }] of Object.entries(UNPRICED)) {
  test(`when prices ${title}, the search still responds soon, without prices`, async () => {
    const type = country === "CA" ? "local" : "mobile";
    await stage.twilio.fault({ match: `GET /pricing.twilio.com/v1/PhoneNumbers/Countries/${country}`, ...fault });
    const begun = performance.now();
    try {
      const numbers = await offered(`?country=${country}&type=${type}&limit=2`);
      assert.deepEqual(numbers.map(({ monthlyPrice }) => monthlyPrice), [null, null]);
    } finally {
      await stage.twilio.clearFaults();
    }
    assert.ok(performance.now() - begun < 10_000);
  });
}

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
  test(`a search for ${query} offers only matching numbers`, async () => {
    const numbers = await offered(query);
    assert.equal(numbers.length, 5);
    assert.deepEqual(numbers.filter((number) => !isWanted(number)), []);
  });
}

test("each type has its own price", async () => {
  const [number] = await offered("?type=tollFree&limit=1");
  assert.deepEqual(number?.monthlyPrice, { amount: "2.15", currency: "USD" });
});

test("prices are read as the master account, and cached", async () => {
  await offered("?country=GB&type=mobile&limit=1");
  await offered("?country=GB&type=mobile&limit=1");
  const asked = (await stage.twilio.requests()).filter(({ path }) => path.endsWith("PhoneNumbers/Countries/GB"));
  assert.deepEqual(asked.map(({ account }) => account), [stage.state.twilio.accountSid]);
});

test("a search says which numbers Twilio sells only with an address or a regulatory bundle", async () => {
  const required = async (query: string) => {
    const [number] = await offered(`${query}&limit=1`);
    return [number?.addressRequirement, number?.requiresBundle];
  };
  assert.deepEqual(await required("?country=AU&type=mobile"), ["any", false]);
  assert.deepEqual(await required("?country=DE&type=mobile"), ["none", true]);
  const asked = (await stage.twilio.requests()).filter(({ path }) =>
    path.endsWith("/RegulatoryCompliance/Regulations")
  );
  assert.deepEqual([...new Set(asked.map(({ account }) => account))], [stage.state.twilio.accountSid]);
});

test("when Twilio's regulations are not available, the search responds soon and says that it does not know", async () => {
  await stage.twilio.fault({
    match: "GET /numbers.twilio.com/v2/RegulatoryCompliance/Regulations",
    kind: "delay:15000",
  });
  const begun = performance.now();
  try {
    // No other test asks for the regulations of this type.
    assert.equal((await offered("?country=CA&type=tollFree&limit=1"))[0]?.requiresBundle, null);
  } finally {
    await stage.twilio.clearFaults();
  }
  assert.ok(performance.now() - begun < 10_000);
});

test("a search without matches returns an empty list", async () => {
  assert.deepEqual(await offered("?country=GB&type=local"), []); // voice only, and the default requires SMS
});

test("a country or a type Twilio does not sell is refused as number_not_available", async () => {
  const ada = await searcher();
  for (const query of ["?country=KP", "?country=SE&type=tollFree"]) {
    assertRefused(await ada.call(`search-numbers${query}`), [422, "number_not_available"]);
  }
});

test("a search uses the tenant's own account at Twilio", async () => {
  const ada = await provisioned(stage, "ada");
  await ada.call("search-numbers?limit=1");
  const searches = (await stage.twilio.requests()).filter(({ path }) => path.includes(`${ada.accountSid}/Available`));
  assert.deepEqual(searches.map(({ account }) => account), [ada.accountSid]);
});

test("a user without a subaccount is refused with subaccount_required", async () => {
  const ada = await newcomer(stage, "ada");
  assertRefused(await ada.call("search-numbers"), [409, "subaccount_required"]);
});

for (const hold of ["suspended", "closed"] as const) {
  test(`a ${hold} tenant cannot search, and Twilio is not asked`, async () => {
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

test("a search in an account suspended in Twilio's console detects the suspension", async () => {
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
  "throttling once": { fault: { kind: "429", retryAfter: 0 } },
  "a repeated 503": { fault: { kind: "503", times: 3 }, refused: [503, "twilio_unavailable"], retryAfter: "5" },
  "a repeated HTML page": {
    fault: { kind: "502", times: 3, body: "html" },
    refused: [503, "twilio_unavailable"],
    retryAfter: "5",
  },
  "repeated throttling": {
    fault: { kind: "429", times: 3, retryAfter: 0 },
    refused: [429, "twilio_throttled"],
    retryAfter: "5",
  },
  "a refusal": { fault: { kind: "400" }, refused: [422, "twilio_refused"] },
};

for (const [title, { fault, refused, retryAfter }] of Object.entries(TROUBLES)) {
  test(`a search that meets ${title} is ${refused ? `refused with ${refused.join(" ")}` : "repeated within the request"}`, async () => {
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
