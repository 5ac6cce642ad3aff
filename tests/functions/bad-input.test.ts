import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Answer, callFunction } from "../../local/driver/actor.ts";
import { assertInvalid, assertRefused } from "../support/answers.ts";
import { BAD_BODIES, BAD_QUERIES, CAMPAIGN, TO } from "./bad-requests.ts";
import { sharedStage, test } from "../support/stage.ts";
import { newcomer, provisioned } from "../support/tenants.ts";
import { forgedToken, tokenFor, unsignedToken } from "../support/tokens.ts";

const stage = sharedStage();

type Caller = "user" | "operator" | "secret" | "anybody";

/** Every function: its caller and its methods. */
const FUNCTIONS: Readonly<Record<string, { caller: Caller; methods: readonly string[] }>> = {
  "admin": { caller: "operator", methods: ["GET", "POST"] },
  "billing-portal": { caller: "user", methods: ["POST"] },
  "buy-number": { caller: "user", methods: ["POST"] },
  "campaigns": { caller: "user", methods: ["GET", "POST"] },
  "cancel-subscription": { caller: "user", methods: ["POST"] },
  "change-plan": { caller: "user", methods: ["POST"] },
  "claim-subscription": { caller: "user", methods: ["POST"] },
  "contacts": { caller: "user", methods: ["GET", "POST"] },
  "create-checkout": { caller: "user", methods: ["GET", "POST"] },
  "forward-webhook": { caller: "user", methods: ["GET", "POST"] },
  "get-usage": { caller: "user", methods: ["GET"] },
  "list-conversations": { caller: "user", methods: ["GET"] },
  "list-messages": { caller: "user", methods: ["GET"] },
  "list-numbers": { caller: "user", methods: ["GET"] },
  "list-statements": { caller: "user", methods: ["GET"] },
  "mark-read": { caller: "user", methods: ["POST"] },
  "message-media": { caller: "user", methods: ["GET"] },
  "messaging-settings": { caller: "user", methods: ["GET", "POST"] },
  "metrics": { caller: "secret", methods: ["GET"] },
  "opt-outs": { caller: "user", methods: ["GET", "POST"] },
  "provision-subaccount": { caller: "user", methods: ["GET", "POST"] },
  "redact-message": { caller: "user", methods: ["POST"] },
  "release-number": { caller: "user", methods: ["POST"] },
  "rename-number": { caller: "user", methods: ["POST"] },
  "run-jobs": { caller: "secret", methods: ["POST"] },
  "search-numbers": { caller: "user", methods: ["GET"] },
  "send-bulk": { caller: "user", methods: ["POST"] },
  "send-sms": { caller: "user", methods: ["POST"] },
  "set-primary-number": { caller: "user", methods: ["POST"] },
  "stripe-webhook": { caller: "anybody", methods: ["POST"] },
  "sync-numbers": { caller: "user", methods: ["POST"] },
  "twilio-webhook": { caller: "anybody", methods: ["POST"] },
};

const NAMES = Object.keys(FUNCTIONS);
const calledBy = (caller: Caller) => NAMES.filter((name) => FUNCTIONS[name]?.caller === caller);

test("this file lists every deployed function", async () => {
  const folder = fileURLToPath(new URL("../../supabase/functions", import.meta.url));
  const deployed: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory && !name.startsWith("_") && await exists(join(folder, name, "index.ts"))) deployed.push(name);
  }
  assert.deepEqual(deployed.sort(), NAMES);
});

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

for (const name of [...calledBy("user"), ...calledBy("operator")]) {
  test(`${name} answers 401 without a valid user token`, async () => {
    const sub = crypto.randomUUID();
    const { state } = stage;
    const proofs: Record<string, string | undefined> = {
      "no header": undefined,
      "an expired token": `Bearer ${await tokenFor(state, { sub }, "-1h")}`,
      "a token signed with another key": `Bearer ${await forgedToken(state, { sub })}`,
      "a token without a signature": `Bearer ${unsignedToken(state, { sub, role: "authenticated" })}`,
      "a token without a user": `Bearer ${await tokenFor(state, {})}`,
      "a token whose user id is not a UUID": `Bearer ${await tokenFor(state, { sub: "1 or 1=1" })}`,
      "a token of another issuer": `Bearer ${await tokenFor(state, { sub, iss: "https://other.supabase.co/auth/v1" })}`,
      "a token for another audience": `Bearer ${await tokenFor(state, { sub, aud: "another" })}`,
      "a token of the role anon": `Bearer ${await tokenFor(state, { sub, role: "anon" })}`,
      "a token of the role service_role": `Bearer ${await tokenFor(state, { sub, role: "service_role" })}`,
      "the publishable key": `Bearer ${state.publishableKey}`,
      "the secret key": `Bearer ${state.secretKey}`,
      "no token": "Bearer ",
      "gibberish": "Bearer eyJ.eyJ.x",
      "a password": `Basic ${btoa("ada:secret")}`,
    };
    for (const [proof, authorization] of Object.entries(proofs)) {
      for (const method of FUNCTIONS[name]!.methods) {
        const answer = await callFunction(state, name, {
          method,
          headers: { ...(authorization !== undefined && { authorization }) },
        });
        assert.equal(answer.status, 401, `${method} with ${proof}: ${JSON.stringify(answer.body)}`);
        assertRefused(answer, [401, "unauthorized"]);
      }
    }
  });
}

for (const name of calledBy("operator")) {
  test(`${name} answers 403 to users who are not operators, on every path`, async () => {
    const ada = await newcomer(stage, "ada");
    for (const path of [name, `${name}/`, `${name}/tenants`, `${name}/../${name}/sweep`]) {
      for (const method of FUNCTIONS[name]!.methods) {
        assertRefused(await ada.call(path, { method, headers: { apikey: stage.state.secretKey } }), [403, "forbidden"]);
      }
    }
  });
}

for (const name of calledBy("secret")) {
  test(`${name} answers 401 to users, to the publishable key and to a wrong key`, async () => {
    const { state } = stage;
    const ada = await newcomer(stage, "ada");
    const attempts: Record<string, string>[] = [
      {},
      { authorization: `Bearer ${ada.accessToken}` },
      { apikey: ada.accessToken },
      { authorization: `Bearer ${state.secretKey}` },
      { apikey: state.secretKey.slice(0, -1) + (state.secretKey.endsWith("x") ? "y" : "x") },
      { apikey: "" },
    ];
    for (const headers of attempts) {
      assertRefused(await callFunction(state, name, { method: FUNCTIONS[name]!.methods[0]!, headers }), [
        401,
        "unauthorized",
      ]);
    }
  });
}

for (const [name, { methods }] of Object.entries(FUNCTIONS)) {
  const wrong = ["GET", "POST", "PUT", "PATCH", "DELETE"].filter((method) => !methods.includes(method));

  test(`${name} answers 405 with Allow to ${wrong.join(", ")}`, async () => {
    for (const method of wrong) {
      const answer = await callFunction(stage.state, name, { method });
      assertRefused(answer, [405, "method_not_allowed"]);
      assert.equal(answer.headers.get("allow"), [...methods, "OPTIONS"].join(", "));
    }
  });

  test(`${name} answers CORS preflights, and browsers may read its errors`, async () => {
    const headers = { origin: "http://localhost:5173", "access-control-request-method": methods[0]! };
    const preflight = await callFunction(stage.state, name, { method: "OPTIONS", headers });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "*");
    for (const header of ["authorization", "apikey", "content-type", "idempotency-key"]) {
      assert.ok(preflight.headers.get("access-control-allow-headers")?.includes(header), header);
    }
    const refused = await callFunction(stage.state, name, { method: "PUT", headers });
    assert.equal(refused.headers.get("access-control-allow-origin"), "*");
    assert.ok(refused.headers.get("access-control-expose-headers")?.includes("x-request-id"));
  });
}

for (const [name, bodies] of Object.entries(BAD_BODIES)) {
  for (const [title, { body, type, fields, refused }] of Object.entries(bodies)) {
    test(`${name} refuses ${title} and sends no POST to Twilio`, async () => {
      const ada = await user();
      const seen = (await stage.twilio.requests()).at(-1)?.id ?? 0;
      const answer = await ada.call(name, { method: "POST", body, headers: { ...(type && { "content-type": type }) } });
      if (refused) assertRefused(answer, refused);
      else assertInvalid(answer, fields!);
      const written = (await stage.twilio.requests(seen)).filter(({ method }) => method === "POST");
      assert.deepEqual(written, []);
    });
  }
}

for (const [name, queries] of Object.entries(BAD_QUERIES)) {
  test(`${name} names each invalid query parameter`, async () => {
    const ada = await user();
    for (const [query, fields] of Object.entries(queries)) assertInvalid(await ada.call(name + query), fields);
  });
}

for (const name of ["send-sms", "send-bulk"]) {
  test(`${name} refuses an Idempotency-Key with a blank, with a non-ASCII letter or of 256 characters`, async () => {
    const ada = await user();
    const body = name === "send-sms" ? { to: TO, body: "x" } : { body: "x", recipients: [{ to: TO }] };
    for (const key of ["with blank", "x".repeat(256), "schlüssel"]) {
      assertInvalid(await ada.call(name, { body, headers: { "idempotency-key": key } }), ["Idempotency-Key"]);
    }
  });
}

test("functions that take a body refuse query parameters", async () => {
  const ada = await user();
  for (
    const name of [
      "send-bulk",
      "redact-message",
      "messaging-settings",
      "forward-webhook",
      "create-checkout",
      "billing-portal",
      "cancel-subscription",
      "change-plan",
      "claim-subscription",
      `${CAMPAIGN}/pause`,
    ]
  ) {
    assertInvalid(await ada.call(`${name}?x=1`, { method: "POST", body: {} }), ["x"]);
  }
});

test("a body of 5 MB is refused with 413, and the response arrives", async () => {
  const ada = await user();
  const body = "x".repeat(5_000_000);
  const names = [
    "buy-number",
    "send-sms",
    "provision-subaccount",
    "redact-message",
    "messaging-settings",
    "forward-webhook",
  ];
  for (const name of names) {
    assertRefused(await ada.call(name, { method: "POST", body }), [413, "body_too_large"]);
  }
});

test("a body of 40 MB is not read to its end: it is refused, or the connection ends", async () => {
  const ada = await user();
  const answer = await ada.call("send-sms", { body: "x".repeat(40_000_000) }).catch((error) => error);
  if (answer instanceof Error) assert.ok(answer instanceof TypeError, String(answer));
  else assert.ok(answer.status === 413 || answer.status === 502, JSON.stringify(answer.body));
});

test("webhooks with a signature refuse bodies over 1 MiB, and Twilio's those of more than 500 fields, with 413", async () => {
  const status = `twilio-webhook/status/${crypto.randomUUID()}`;
  const signatures: Record<string, Record<string, string>> = {
    "stripe-webhook": { "stripe-signature": `t=1,v1=${"0".repeat(64)}` },
    [status]: { "x-twilio-signature": `${"A".repeat(27)}=` },
  };
  const post = (path: string, body: string) =>
    callFunction(stage.state, path, { method: "POST", headers: signatures[path]!, body });
  for (const path of Object.keys(signatures)) {
    assertRefused(await post(path, "x".repeat(1024 * 1024 + 1)), [413, "body_too_large"]);
  }
  assertRefused(await post(status, "a=1&".repeat(501)), [413, "body_too_large"]);
});

test("twilio-webhook answers 404 on unknown paths", async () => {
  const id = crypto.randomUUID();
  for (const path of ["", "/", "/status", `/status/${id}/more`, `/voice/${id}`, "/status/ada", `/STATUS/${id}`]) {
    assertRefused(await callFunction(stage.state, `twilio-webhook${path}`, { method: "POST" }), [404, "not_found"]);
  }
});

test("every response has a request id, including successes and responses without a body", async () => {
  const ada = await user();
  const answers: Answer[] = [
    await ada.call("list-numbers"),
    await callFunction(stage.state, "list-numbers", { method: "OPTIONS" }),
    await callFunction(stage.state, "run-jobs", {
      headers: { apikey: stage.state.secretKey },
      body: { lane: "control" },
    }),
  ];
  const ids = answers.map(({ headers }) => headers.get("x-request-id"));
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) assert.match(id ?? "", /^[0-9a-f-]{36}$/);
});

let known: ReturnType<typeof provisioned> | undefined;

/** A tenant with a subaccount, so that a missing subaccount is never the reason for an error. */
function user() {
  return known ??= provisioned(stage, "ada");
}
