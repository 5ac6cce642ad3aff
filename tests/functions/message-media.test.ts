import assert from "node:assert/strict";
import { mediaLink } from "../../supabase/functions/_shared/media/link.ts";
import { assertRefused } from "../support/answers.ts";
import { CAT, fileOf } from "../support/media.ts";
import { sharedStage, test } from "../support/stage.ts";
import { type Caller, freshRecipient, newcomer, withNumber } from "../support/tenants.ts";
import { sealingRing } from "../support/token-rows.ts";
import type { ReceivedFile } from "../../local/driver/twilio-side.ts";

const stage = sharedStage();

/** Receives a message with these files. Returns the message as list-messages shows it. */
async function received({ number, switchboard }: Caller, ...media: ReceivedFile[]) {
  const { messageSid } = await stage.twilio.inbound({ from: freshRecipient(), to: number, body: "Look", media });
  const { messages } = await switchboard.listMessages();
  const message = messages.find(({ sid }) => sid === messageSid);
  assert.ok(message);
  return message;
}

const base64Of = async (response: Response) =>
  btoa(String.fromCharCode(...new Uint8Array(await response.arrayBuffer())));

const open = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers });

/** Opens a URL that must be refused. */
async function refused(url: string, expected: [status: number, code: string], headers: Record<string, string> = {}) {
  const response = await open(url, headers);
  assertRefused({ status: response.status, headers: response.headers, body: await response.json() }, expected);
}

const authorizationOf = ({ accessToken }: Caller) => ({ authorization: `Bearer ${accessToken}` });

test("a received file opens with its link alone, and with the tenant's token", async () => {
  const ada = await withNumber(stage, "ada");
  const message = await received(ada, CAT, fileOf("text/vcard", "VCARD"));
  const [gif, card] = message.media;
  assert.deepEqual([gif?.contentType, card?.contentType], ["image/gif", "text/vcard"]);
  const url = new URL(gif!.url);
  const validFor = Number(url.searchParams.get("expires")) - Date.now() / 1000;
  assert.ok(validFor > 840 && validFor <= 900, `${validFor} s`);
  const byLink = await open(gif!.url);
  assert.equal(byLink.status, 200);
  assert.deepEqual(
    ["content-type", "content-length", "content-disposition", "x-content-type-options", "referrer-policy"].map((name) =>
      byLink.headers.get(name)
    ),
    ["image/gif", "42", "inline", "nosniff", "no-referrer"],
  );
  assert.match(byLink.headers.get("content-security-policy")!, /^default-src 'none'.*sandbox$/);
  assert.match(byLink.headers.get("cache-control")!, /^private, max-age=(8[4-9]\d|900)$/);
  assert.equal(await base64Of(byLink), CAT.content);
  const attached = await open(card!.url);
  assert.equal(attached.headers.get("content-disposition"), 'attachment; filename="media-1.vcf"');
  assert.equal(await attached.text(), "VCARD");
  const byToken = await open(`${url.origin}${url.pathname}?message=${message.id}&index=0`, authorizationOf(ada));
  assert.deepEqual([byToken.status, byToken.headers.get("cache-control")], [200, "no-store"]);
  assert.equal(await base64Of(byToken), CAT.content);
  const part = await open(gif!.url, { range: "bytes=0-2" });
  assert.deepEqual([part.status, part.headers.get("content-range"), await part.text()], [206, "bytes 0-2/42", "GIF"]);
  const { media: links, expiresAt } = await ada.switchboard.mediaLinks({ message: message.id });
  assert.equal(await base64Of(await open(links[0]!.url)), CAT.content);
  const seconds = (Date.parse(expiresAt) - Date.now()) / 1000;
  assert.ok(seconds > 840 && seconds <= 900, expiresAt);
});

test("HTML and SVG that a stranger sent are attachments in a sandbox", async () => {
  const ada = await withNumber(stage, "ada");
  const { media } = await received(ada, fileOf("text/html", "<script>1</script>"), fileOf("image/svg+xml", "<svg/>"));
  for (const { url } of media) {
    const response = await open(url);
    await response.body?.cancel();
    assert.match(response.headers.get("content-disposition")!, /^attachment/);
    assert.match(response.headers.get("content-security-policy")!, /sandbox/);
  }
});

test("a link for another message, index or time is refused, also with the tenant's token, and an expired one says so", async () => {
  const [ada, mallory] = [await withNumber(stage, "ada"), await withNumber(stage, "mallory")];
  const { id, media: [gif] } = await received(ada, CAT, CAT);
  const { id: hers, media: [own] } = await received(mallory, CAT);
  const altered = (url: string, name: string, value: string) => {
    const changed = new URL(url);
    changed.searchParams.set(name, value);
    return changed.href;
  };
  const expires = Number(new URL(gif!.url).searchParams.get("expires"));
  for (
    const url of [
      altered(own!.url, "message", id),
      altered(gif!.url, "index", "1"),
      altered(gif!.url, "expires", String(expires + 1)),
      altered(gif!.url, "signature", ""),
      altered(gif!.url, "signature", `k9.${"A".repeat(43)}`),
      altered(gif!.url, "message", hers),
    ]
  ) {
    await refused(url, [403, "forbidden"]);
    await refused(url, [403, "forbidden"], authorizationOf(ada));
  }
  await refused(altered(gif!.url, "index", "00"), [400, "invalid_input"]);
  await refused(altered(gif!.url, "expires", `${expires}.0`), [400, "invalid_input"]);
  const expired = await mediaLink({ messageId: id, index: 0 }, -1, {
    ring: await sealingRing(stage),
    publicBaseUrl: `${stage.state.apiUrl}/functions/v1`,
    now: () => new Date(),
  });
  await refused(expired, [403, "link_expired"]);
});

test("another tenant's message, a sent message and a missing index are not found", async () => {
  const [ada, mallory] = [await withNumber(stage, "ada"), await withNumber(stage, "mallory")];
  const { id } = await received(ada, CAT);
  assertRefused(await mallory.call(`message-media?message=${id}&index=0`), [404, "not_found"]);
  assertRefused(await mallory.call(`message-media/links?message=${id}`), [404, "not_found"]);
  const sent = await ada.switchboard.sendSms({ to: freshRecipient(), mediaUrls: ["http://127.0.0.1:1/a.png"] });
  assertRefused(await ada.call(`message-media?message=${sent.id}&index=0`), [404, "not_found"]);
  assertRefused(await ada.call(`message-media/links?message=${sent.id}`), [404, "not_found"]);
  assertRefused(await ada.call(`message-media?message=${id}&index=1`), [404, "not_found"]);
  const stranger = await newcomer(stage, "stranger");
  assertRefused(await stranger.call(`message-media?message=${id.toUpperCase()}&index=0`), [404, "not_found"]);
});

test("a file of a suspended subaccount opens, and a file that the tenant deleted does not", async () => {
  const ada = await withNumber(stage, "ada");
  const { id, media: [gif] } = await received(ada, CAT);
  await stage.twilio.setStatus(ada.accountSid, "suspended");
  try {
    assert.equal(await base64Of(await open(gif!.url)), CAT.content);
  } finally {
    await stage.twilio.setStatus(ada.accountSid, "active");
  }
  await ada.switchboard.redactMessage({ messageId: id });
  await refused(gif!.url, [410, "media_gone"]);
  assertRefused(await ada.call(`message-media?message=${id}&index=0`), [410, "media_gone"]);
});

test("while Twilio throttles, the answer is 429 with the time that Twilio asked for", async () => {
  const ada = await withNumber(stage, "ada");
  const { media: [gif] } = await received(ada, CAT);
  await stage.twilio.fault({ match: "GET /Messages/*/Media/*", kind: "429", retryAfter: 7, times: 1 });
  const response = await open(gif!.url);
  assert.deepEqual([response.status, response.headers.get("retry-after")], [429, "7"]);
  assert.equal((await response.json()).code, "twilio_throttled");
});

test("a file that was deleted at Twilio is gone, and one that Twilio does not have yet is unavailable", async () => {
  const ada = await withNumber(stage, "ada");
  const { id, media: [gif] } = await received(ada, CAT);
  await stage.twilio.fault({ match: "GET /Messages/*/Media/*", kind: "status:404", times: 1 });
  assert.equal((await open(gif!.url)).status, 200);
  await stage.twilio.fault({ match: "GET /Messages/*/Media/*", kind: "status:404", times: 3 });
  await refused(gif!.url, [503, "twilio_unavailable"]);
  await stage.database.age(ada.id, 600);
  await stage.twilio.fault({ match: "GET /Messages/*/Media/*", kind: "status:404", times: 1 });
  assertRefused(await ada.call(`message-media?message=${id}&index=0`), [410, "media_gone"]);
});
