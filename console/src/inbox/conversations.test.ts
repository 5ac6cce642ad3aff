import assert from "node:assert/strict";
import { conversationId, conversationsOf, sidesOfId } from "./conversations.ts";
import { message, OWN, PEER } from "./messages.testing.ts";

Deno.test("conversationsOf groups sent and received messages of a pair, oldest first", () => {
  const asked = message({ minute: 1 });
  const answered = message({ minute: 2, direction: "inbound", from_number: PEER, to_number: OWN });
  const [only, ...others] = conversationsOf([answered, asked]);
  assert.deepEqual(others, []);
  assert.deepEqual({ ...only }, {
    id: `${OWN}~${PEER}`,
    own: OWN,
    peer: PEER,
    messages: [asked, answered],
    latest: answered,
  });
});

Deno.test("conversationsOf keeps two conversations when two numbers of one tenant write to each other", () => {
  const sent = message({ from_number: OWN, to_number: PEER });
  const received = message({ direction: "inbound", from_number: OWN, to_number: PEER });
  assert.deepEqual(conversationsOf([sent, received]).map(({ own }) => own).sort(), [OWN, PEER].sort());
});

Deno.test("conversationsOf puts the conversation with the newest message first", () => {
  const older = message({ minute: 1, to_number: "+14155550111" });
  const newer = message({ minute: 2, to_number: "+14155550122" });
  assert.deepEqual(conversationsOf([older, newer]).map(({ peer }) => peer), ["+14155550122", "+14155550111"]);
});

Deno.test("sidesOfId returns the pair of a conversation id, and null for any other text", () => {
  assert.deepEqual(sidesOfId(conversationId({ own: OWN, peer: PEER })), { own: OWN, peer: PEER });
  for (const id of ["", "new", `${OWN}~`, `~${PEER}`, `${OWN}~${PEER}~${PEER}`]) assert.equal(sidesOfId(id), null, id);
});
