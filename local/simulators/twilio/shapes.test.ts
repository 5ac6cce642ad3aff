import assert from "node:assert/strict";
import { startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";
import { eventually } from "../../driver/eventually.ts";

const RFC_2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d \+0000$/;

/** The fields of each resource in Twilio's OpenAPI description (api v2010). */
const FIELDS: Record<string, { key: string; fields: string }> = {
  "Accounts": {
    key: "accounts",
    fields: "auth_token date_created date_updated friendly_name owner_account_sid sid status " +
      "subresource_uris type uri",
  },
  "Messages": {
    key: "messages",
    fields: "account_sid api_version body date_created date_sent date_updated direction error_code " +
      "error_message from messaging_service_sid num_media num_segments price price_unit sid " +
      "status subresource_uris to uri",
  },
  "IncomingPhoneNumbers": {
    key: "incoming_phone_numbers",
    fields: "account_sid address_requirements address_sid api_version beta bundle_sid capabilities " +
      "date_created date_updated emergency_address_sid emergency_address_status emergency_status " +
      "friendly_name identity_sid origin phone_number sid sms_application_sid sms_fallback_method " +
      "sms_fallback_url sms_method sms_url status status_callback status_callback_method " +
      "trunk_sid type uri voice_application_sid voice_caller_id_lookup voice_fallback_method " +
      "voice_fallback_url voice_method voice_receive_mode voice_url",
  },
  "AvailablePhoneNumbers/US/Local": {
    key: "available_phone_numbers",
    fields: "address_requirements beta capabilities friendly_name iso_country lata latitude locality " +
      "longitude phone_number postal_code rate_center region",
  },
  "Addresses": {
    key: "addresses",
    fields: "account_sid city customer_name date_created date_updated emergency_enabled friendly_name iso_country " +
      "postal_code region sid street street_secondary uri validated verified",
  },
  "Usage/Records": {
    key: "usage_records",
    fields: "account_sid api_version as_of category count count_unit description end_date price " +
      "price_unit start_date subresource_uris uri usage usage_unit",
  },
  "Usage/Triggers": {
    key: "usage_triggers",
    fields: "account_sid api_version callback_method callback_url current_value date_created date_fired " +
      "date_updated friendly_name recurring sid trigger_by trigger_value uri usage_category " +
      "usage_record_uri",
  },
};

type Json = Record<string, unknown>;

async function startWithRows() {
  const fixture = await startFixture();
  const headers = { authorization: `Basic ${btoa(`${fixture.accountSid}:${fixture.authToken}`)}` };
  await fixture.master.messages.create({ from: "+15005550006", to: "+14155550123", body: "x" });
  await fixture.master.messages.create({ from: "+15005550006", to: "+14155550123", body: "y" });
  await fixture.master.usage.triggers.create({
    usageCategory: "sms",
    triggerValue: "99",
    callbackUrl: "https://example.com/usage",
  });
  await fixture.master.addresses.create({
    ...{ customerName: "Ada", street: "1 Main St", city: "Sydney", region: "NSW", postalCode: "2000" },
    isoCountry: "AU",
  });
  const read = async (path: string): Promise<Json> => {
    const base = path.startsWith("Accounts") ? "/2010-04-01" : `/2010-04-01/Accounts/${fixture.accountSid}`;
    return await (await fetch(`${fixture.url}${base}/${path}`, { headers })).json();
  };
  return { fixture, read, [Symbol.asyncDispose]: () => fixture[Symbol.asyncDispose]() };
}

for (const [path, { key, fields }] of Object.entries(FIELDS)) {
  Deno.test(`A row of ${path} has exactly the fields that Twilio documents, with RFC 2822 dates`, async () => {
    await using rows = await startWithRows();
    const [row] = (await rows.read(`${path}.json`))[key] as Json[];
    assert.ok(row);
    assert.deepEqual(Object.keys(row).sort(), fields.split(" "));
    for (const [field, value] of Object.entries(row)) {
      if (/^date_/.test(field) && value !== null) assert.match(String(value), RFC_2822);
    }
  });
}

Deno.test("Counts and prices are strings, and a missing error code is null", async () => {
  await using rows = await startWithRows();
  const [message] = (await rows.read("Messages.json"))["messages"] as Json[];
  assert.deepEqual([message?.["num_segments"], message?.["num_media"], message?.["error_code"]], ["1", "0", null]);
  const record = await eventually("both in usage", async () => {
    const [record] = (await rows.read("Usage/Records.json?Category=sms"))["usage_records"] as Json[];
    return record?.["count"] === "2" && record;
  });
  assert.deepEqual([record?.["count"], record?.["usage"]], ["2", "2"]);
  assert.equal(typeof record?.["price"], "string");
  assert.match(String(record?.["start_date"]), /^\d{4}-\d\d-\d\d$/);
});

Deno.test("A page has its position and relative page URIs that keep the filters", async () => {
  await using rows = await startWithRows();
  const { messages, next_page_uri, ...place } = await rows.read("Messages.json?To=%2B14155550123&PageSize=1");
  const uri = `/2010-04-01/Accounts/${rows.fixture.accountSid}/Messages.json?To=%2B14155550123&PageSize=1&Page=0`;
  assert.equal((messages as Json[]).length, 1);
  assert.deepEqual(place, {
    page: 0,
    page_size: 1,
    start: 0,
    end: 0,
    uri,
    first_page_uri: uri,
    previous_page_uri: null,
  });
  assert.match(String(next_page_uri), /^\/2010-04-01\/.*To=%2B14155550123&PageSize=1&Page=1&PageToken=PA[0-9a-f]{32}$/);
  const available = await rows.read("AvailablePhoneNumbers/US/Local.json?PageSize=1");
  assert.deepEqual(Object.keys(available).sort(), ["available_phone_numbers", "uri"]);
});

Deno.test("accounts.twilio.com returns ISO dates", async () => {
  await using rows = await startWithRows();
  const { fixture } = rows;
  const response = await fetch(`${fixture.url}/accounts.twilio.com/v1/AuthTokens/Secondary`, {
    method: "POST",
    headers: { authorization: `Basic ${btoa(`${fixture.accountSid}:${fixture.authToken}`)}` },
  });
  const body = await response.json();
  assert.equal(response.status, 201);
  assert.match(body.date_created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(body.url, "https://accounts.twilio.com/v1/AuthTokens/Secondary");
});
