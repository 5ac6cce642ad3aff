import assert from "node:assert/strict";
import { Constants } from "../../../supabase/functions/_shared/database.types.ts";
import { lookOf, LOOKS } from "./status.ts";

Deno.test("lookOf has a look for every status of the ledger, and for no other", () => {
  assert.deepEqual(Object.keys(LOOKS).sort(), [...Constants.public.Enums.message_status].sort());
});

Deno.test("lookOf shows a message that Twilio never got as a final failure", () => {
  assert.deepEqual(lookOf("not_sent"), { label: "Not sent", kind: "failed" });
});

Deno.test("lookOf shows a status that is newer than the console as it is", () => {
  assert.deepEqual(lookOf("teleported" as never), { label: "teleported", kind: "waiting" });
});
