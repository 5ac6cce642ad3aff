import assert from "node:assert/strict";
import { startFixture } from "../../../tests/support/twilio/simulator-fixture.ts";

Deno.test("A phone has the name that its number was given, or else a short one of its tenant, without an internal name", async () => {
  await using fixture = await startFixture({ seedMasterNumbers: false });
  const owners = async () => {
    const { phones } = await fixture.sim<{ phones: { owner: string | null }[] }>("GET", "phones");
    return phones.map(({ owner }) => owner).sort();
  };
  const tenant = await fixture.subaccount("switchboard:3f2a9c1e-0b1d-4c5e-8f7a-9b8c7d6e5f4a");
  const bakery = await fixture.subaccount("Ada's Bakery");
  const { sid } = await tenant.client.incomingPhoneNumbers.create({ areaCode: "415" });
  await bakery.client.incomingPhoneNumbers.create({ areaCode: "415" });
  assert.deepEqual(await owners(), ["Ada's Bakery", "Tenant 3f2a9c1e"]);
  await tenant.client.incomingPhoneNumbers(sid).update({ friendlyName: "Front desk" });
  assert.deepEqual(await owners(), ["Ada's Bakery", "Front desk"]);
});
