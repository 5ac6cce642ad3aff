import assert from "node:assert/strict";
import { eventually } from "../../local/driver/eventually.ts";
import { assertInvalid } from "../support/answers.ts";
import { listen } from "../support/listener.ts";
import { ownStage, test } from "../support/stage.ts";
import { freshRecipient, newcomer, withNumber } from "../support/tenants.ts";

/** As deployed: tenants' servers must be on public hosts. */
const { stage, log } = ownStage({ env: { FORWARD_TO_PRIVATE: "off" } });

const NOT_PUBLIC = [
  "http://example.com/hook",
  "https://localhost/hook",
  "https://localhost./hook",
  "https://app.localhost/hook",
  "https://127.0.0.1/hook",
  "https://127.0.0.1./hook",
  "https://127.1/hook",
  "https://2130706433/hook",
  "https://0x7f000001/hook",
  "https://0x7f.1/hook",
  "https://0177.0.0.1/hook",
  "https://１２７.0.0.1/hook",
  "https://169.254.169.254/latest/meta-data",
  "https://10.0.0.1/hook",
  "https://8.8.8.8/hook",
  "https://[::1]/hook",
  "https://[::ffff:127.0.0.1]/hook",
  "https://[fe80::1]/hook",
  "https://intranet/hook",
  "https://db.internal/hook",
  "https://metadata.google.internal/computeMetadata/v1/",
  "https://printer.local/hook",
  "https://kubernetes.default.svc/api",
  "https://kubernetes.default.svc.cluster.local/api",
  "https://vault.service.consul/v1/secret",
  "https://router.localdomain/",
  "https://db.private/",
  "https://10.0.0.1.nip.io/",
  "https://example.com:80/hook",
  "https://example.com:6443/hook",
  "https://example.com:22/hook",
  "https://1.0.0.127.in-addr.arpa/hook",
  "https://ada:secret@example.com/hook",
  "https://ada@example.com/hook",
  "https://:secret@example.com/hook",
  "https://example.com@127.0.0.1/hook",
];

const NO_URL = [
  "",
  " ",
  "hook",
  "/hook",
  "https://",
  "https:///",
  "https://exa mple.com",
  "ftp://example.com/hook",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "data:,x",
  "https://a:99999/hook",
  `https://example.com/${"x".repeat(2048)}`,
  "https://[::1/hook",
];

test("only an https URL of a public host is accepted as a webhook; other URLs are refused as invalid_input", async () => {
  const ada = await newcomer(stage, "ada");
  for (const url of [...NOT_PUBLIC, ...NO_URL]) {
    const answer = await ada.call("forward-webhook", { body: { url } });
    assert.equal(answer.status, 400, `${url}: ${answer.status} ${JSON.stringify(answer.body)}`);
    assertInvalid(answer, Array(answer.body.details.length).fill("url"));
  }
  assert.deepEqual(await ada.switchboard.forwardWebhook(), { webhook: null, pending: null });
  const url = "https://hooks.example.com:8443/a?b=c";
  assert.equal((await ada.switchboard.saveForwardWebhook({ url })).pending?.url, url);
});

test("a stored URL that would not be accepted today is not called", async () => {
  await using server = await listen();
  const ada = await withNumber(stage, "ada");
  await ada.switchboard.saveForwardWebhook({ url: "https://hooks.example.com/hook" });
  await stage.database.sql`
    insert into private.forward_webhooks (user_id, id, url, sealed_secret)
    select user_id, id, ${`${server.url}/inside`}, sealed_secret
    from private.pending_forward_webhooks where user_id = ${ada.id}`;
  await stage.twilio.inbound({ from: freshRecipient(), to: ada.number, body: "Hello" });
  const error = await eventually("the forwarding to fail", async () => {
    const [row] = await stage.database.sql`
      select e.error from private.job_errors e join private.jobs q on q.lane = e.lane and q.msg_id = e.job_id where q.message ->> 'userId' = ${ada.id}`;
    return row?.["error"];
  });
  assert.equal(error, "Error: the tenant's webhook is not a public https URL");
  assert.deepEqual(server.heard, []);
  assert.ok(!log.join("\n").includes(server.url));
});
