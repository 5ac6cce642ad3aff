import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { denoProgram } from "../../local/functions/engine.ts";
import { MOST_BYTES } from "../../local/bundle/bundle.ts";
import { supabaseCliProgram } from "../../local/platform-packages.ts";
import { type Stack, startStack } from "../../local/stack.ts";
import { signUp } from "../../local/driver/actor.ts";
import { type FakeManagementApi, startFakeManagementApi, unpack, type Upload } from "./fake-management-api.ts";
import { startDeployed } from "./start-deployed.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROJECT = "abcdefghijklmnopqrst";
const LARGEST = 4 * 1024 * 1024;

/** What the project's own sources deploy, and what `deno task functions:deploy` deploys. */
let sources: FakeManagementApi;
let bundles: FakeManagementApi;
let stack: Stack;
let deno: string;

Deno.test.beforeAll(async () => {
  sources = startFakeManagementApi();
  bundles = startFakeManagementApi();
  stack = await startStack({ ephemeral: true, scheduler: false });
  deno = await denoProgram("2.1.4", () => {});
  await deploy(await supabaseCliProgram(), ["functions", "deploy", "--use-api", "--workdir", ROOT], sources.url);
  await deploy(Deno.execPath(), ["task", "--quiet", "functions:deploy"], bundles.url);
});
Deno.test.afterAll(async () => {
  await stack.stop();
  await sources.stop();
  await bundles.stop();
});

/** Runs a command that deploys with the CLI, against a fake management API. */
async function deploy(program: string, args: string[], apiUrl: string): Promise<void> {
  const profile = await Deno.makeTempFile({ suffix: ".yaml" });
  await Deno.writeTextFile(
    profile,
    `name: rehearsal\napi_url: ${apiUrl}\ndashboard_url: ${apiUrl}\nproject_host: 127.0.0.1\n`,
  );
  const { success, stderr } = await new Deno.Command(program, {
    args: [...args, "--project-ref", PROJECT, "--profile", profile, "--yes", "--agent", "no"],
    cwd: ROOT,
    env: { SUPABASE_ACCESS_TOKEN: `sbp_${"0".repeat(40)}`, SUPABASE_TELEMETRY_DISABLED: "1", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  await Deno.remove(profile);
  assert.ok(success, new TextDecoder().decode(stderr));
}

async function functionFolders(): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(ROOT, "supabase", "functions")));
  return entries.filter(({ isDirectory, name }) => isDirectory && !name.startsWith("_")).map(({ name }) => name).sort();
}

Deno.test("every function is deployed with the shared import map and without the platform's JWT check", async () => {
  assert.deepEqual(sources.uploads.map(({ slug }) => slug).sort(), await functionFolders());
  for (const { slug, metadata } of sources.uploads) {
    assert.deepEqual(
      {
        slug,
        entrypoint: metadata.entrypoint_path,
        importMap: metadata.import_map_path,
        verifyJwt: metadata.verify_jwt,
      },
      { slug, entrypoint: `supabase/functions/${slug}/index.ts`, importMap: "import_map.json", verifyJwt: false },
    );
  }
});

Deno.test("no upload contains a test, a secret file or a file of the local stack, and each upload stays small", () => {
  for (const { slug, files } of sources.uploads) {
    const strays = [...files.keys()].filter((path) => /\.test\.ts$|\.env|^(local|console|tests|bench)\//.test(path));
    assert.deepEqual(strays, [], slug);
    const bytes = [...files.values()].reduce((sum, content) => sum + content.length, 0);
    assert.ok(bytes < LARGEST, `${slug} has ${bytes} bytes`);
  }
});

Deno.test("every bundle is deployed as one file of at most 1 MB, without the platform's JWT check", async () => {
  assert.deepEqual(bundles.uploads.map(({ slug }) => slug).sort(), await functionFolders());
  for (const { slug, files, metadata } of bundles.uploads) {
    const entrypoint = `supabase/functions/${slug}/index.js`;
    assert.deepEqual(
      {
        files: [...files.keys()],
        entrypoint: metadata.entrypoint_path,
        importMap: metadata.import_map_path,
        verifyJwt: metadata.verify_jwt,
      },
      { files: [entrypoint], entrypoint, importMap: "", verifyJwt: false },
    );
    const bundle = files.get(entrypoint) ?? new Uint8Array();
    assert.ok(bundle.length > 0 && bundle.length <= MOST_BYTES, `${slug} has ${bundle.length} bytes`);
    // esbuild's message for a module that only CommonJS could load, when the code runs.
    assert.ok(!new TextDecoder().decode(bundle).includes("Dynamic require of"), `${slug} requires a built-in module`);
  }
});

/** The variables the platform sets, and the secrets of a project. */
function platformVariables(): Record<string, string> {
  const { apiUrl, publishableKey, secretKey, twilio, stripe } = stack.state;
  return {
    SUPABASE_URL: apiUrl,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: secretKey }),
    SUPABASE_JWKS_URL: `${apiUrl}/auth/v1/.well-known/jwks.json`,
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: twilio.authToken,
    TWILIO_API_BASE_URL: twilio.url,
    TOKEN_SEALING_KEYS: JSON.stringify({ k1: btoa("k".repeat(32)) }),
    STRIPE_SECRET_KEY: "sk_test_rehearsal",
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecret,
    STRIPE_THIN_WEBHOOK_SECRET: stripe.thinWebhookSecret!,
    PUBLIC_BASE_URL: `${apiUrl}/functions/v1`,
    SELF_PROVISIONING: "anyone",
    MASTER_FALLBACK: "on",
  };
}

/** The status each function answers to an authorised caller: proof that all its modules load and its clients work. */
const CALLS: Record<
  string,
  { method?: string; path?: string; as: "user" | "secret" | "anonymous"; body?: unknown; status: number }
> = {
  "admin": { path: "/tenants", as: "user", status: 403 },
  "billing-portal": { method: "POST", as: "user", status: 415 },
  "buy-number": { method: "POST", as: "user", status: 415 },
  "campaigns": { as: "user", status: 200 },
  "cancel-subscription": { method: "POST", as: "user", status: 415 },
  "change-plan": { method: "POST", as: "user", status: 415 },
  "claim-subscription": { method: "POST", as: "user", status: 415 },
  "create-checkout": { method: "POST", as: "user", status: 415 },
  "forward-webhook": { as: "user", status: 200 },
  "get-usage": { as: "user", status: 200 },
  "list-conversations": { as: "user", status: 200 },
  "list-messages": { as: "user", status: 200 },
  "list-numbers": { as: "user", status: 200 },
  "list-statements": { as: "user", status: 200 },
  "message-media": { path: `/links?message=${crypto.randomUUID()}`, as: "user", status: 404 },
  "messaging-settings": { as: "user", status: 200 },
  "opt-outs": { as: "user", status: 200 },
  "contacts": { as: "user", status: 200 },
  "mark-read": { method: "POST", as: "user", status: 415 },
  "provision-subaccount": { method: "POST", as: "user", status: 201 },
  "release-number": { method: "POST", as: "user", status: 415 },
  "rename-number": { method: "POST", as: "user", status: 415 },
  "redact-message": { method: "POST", as: "user", status: 415 },
  "metrics": { as: "secret", status: 200 },
  "run-jobs": { method: "POST", as: "secret", body: { lane: "control" }, status: 200 },
  "search-numbers": { as: "user", status: 409 },
  "send-bulk": { method: "POST", as: "user", status: 415 },
  "send-sms": { method: "POST", as: "user", status: 415 },
  "set-primary-number": { method: "POST", as: "user", status: 415 },
  "stripe-webhook": { method: "POST", as: "anonymous", status: 400 },
  "sync-numbers": { method: "POST", as: "user", status: 409 },
  "twilio-webhook": { method: "POST", as: "anonymous", status: 404 },
};

Deno.test("every function starts on Deno 2.1.4 from exactly the uploaded files, and responds", async (t) => {
  for (const upload of sources.uploads) await t.step(upload.slug, () => startAndCall(upload));
  console.log(`figures: ${sources.uploads.length} functions deployed, unpacked and started`);
});

Deno.test("every bundle starts on Deno 2.1.4 without any package, and responds as its sources do", async (t) => {
  for (const upload of bundles.uploads) await t.step(upload.slug, () => startAndCall(upload));
});

/** Unpacks and serves an upload, calls it, and checks the status. */
async function startAndCall(upload: Upload): Promise<void> {
  const call = CALLS[upload.slug];
  assert.ok(call, `CALLS has no entry for "${upload.slug}": add the expected status`);
  const user = await signUp(stack.state, "rehearsal");
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "switchboard-deployed-" }));
  await unpack(upload, folder);
  const deployed = await startDeployed(deno, folder, upload.metadata, platformVariables());
  try {
    const headers: Record<string, string> = {
      anonymous: {},
      user: { authorization: `Bearer ${user.accessToken}` },
      secret: { apikey: stack.state.secretKey },
    }[call.as] as Record<string, string>;
    const response = await fetch(`${deployed.url}/${upload.slug}${call.path ?? ""}`, {
      method: call.method ?? "GET",
      headers: { ...headers, ...(call.body !== undefined && { "content-type": "application/json" }) },
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
    });
    const text = await response.text();
    assert.equal(response.status, call.status, `${text}\n${deployed.output()}`);
    assert.ok(response.headers.get("x-request-id"));
  } finally {
    await deployed.stop();
    await Deno.remove(folder, { recursive: true });
  }
}
