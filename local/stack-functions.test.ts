import assert from "node:assert/strict";
import { eventually } from "./driver/eventually.ts";
import { freshSession, get, projectStack, signInAs, test } from "../tests/support/project-stack.ts";

const OF_THIS_MACHINE = "SWITCHBOARD_TEST_OF_THIS_MACHINE";
Deno.test.beforeAll(() => Deno.env.set(OF_THIS_MACHINE, "private"));

const further = await Deno.makeTempDir({ prefix: "switchboard-further-" });
for (const name of ["further", "whoami"]) {
  await Deno.mkdir(`${further}/${name}`);
  const source = `export default { fetch: () => new Response("${name} of another folder") };`;
  await Deno.writeTextFile(`${further}/${name}/index.ts`, source);
}
Deno.test.afterAll(() => Deno.remove(further, { recursive: true }));

const shared = projectStack({ scheduler: 50, functionFolders: [further] });

test("A function receives the user of the token", async () => {
  const { supabase } = await signInAs(shared.stack, "operator");
  const { data, error } = await supabase.functions.invoke("whoami");
  assert.equal(error, null);
  assert.deepEqual(data, { email: "operator@switchboard.test", role: "operator" });
});

test("A function sees the variables of the platform and of the project, and none of this machine", async () => {
  const { env, missing } = await (await get(shared.stack, "/functions/v1/environment", {})).json();
  const { state } = shared.stack;
  assert.equal(env.SUPABASE_URL, state.apiUrl);
  assert.equal(env.SUPABASE_DB_URL, state.dbUrl);
  assert.deepEqual(JSON.parse(env.SUPABASE_PUBLISHABLE_KEYS), { default: state.publishableKey });
  assert.deepEqual(JSON.parse(env.SUPABASE_SECRET_KEYS), { default: state.secretKey });
  assert.equal(JSON.parse(env.SUPABASE_JWKS).keys.length, 1);
  assert.equal(env.TWILIO_ACCOUNT_SID, state.twilio.accountSid);
  assert.equal(env.TWILIO_API_BASE_URL, state.twilio.url);
  assert.equal(env.STRIPE_WEBHOOK_SECRET, state.stripe.webhookSecret);
  assert.equal(env.PUBLIC_BASE_URL, `${state.apiUrl}/functions/v1`);
  assert.match(env.TOKEN_SEALING_KEYS, /^\{"k1":"[A-Za-z0-9+/]{43}="\}$/);
  assert.equal(env[OF_THIS_MACHINE], undefined);
  assert.equal(missing, null);
});

test("A function is called at /<name>/…, with the public address in X-Forwarded-*", async () => {
  const { url, headers } = await (await get(shared.stack, "/functions/v1/environment/deep/path?a=1", {})).json();
  assert.equal(new URL(url).pathname + new URL(url).search, "/environment/deep/path?a=1");
  assert.notEqual(new URL(url).origin, shared.stack.state.apiUrl);
  assert.equal(headers["x-forwarded-host"], new URL(shared.stack.state.apiUrl).host);
  assert.equal(headers["x-forwarded-proto"], "http");
});

test("A function without a verify_jwt setting requires a valid token", async () => {
  assert.equal((await get(shared.stack, "/functions/v1/guarded", {})).status, 401);
  const { session } = await freshSession(shared.stack);
  const answer = await get(shared.stack, "/functions/v1/guarded", { authorization: `Bearer ${session.access_token}` });
  assert.equal(await answer.text(), "guarded");
});

test("The gateway answers 404 for a missing function and for a name that points outside the folder", async () => {
  for (const name of ["missing", "_shared", "..%2f..%2fimport_map.json"]) {
    const answer = await get(shared.stack, `/functions/v1/${name}`, {});
    assert.equal(answer.status, 404, name);
    await answer.body?.cancel();
  }
});

test("A function that cannot be loaded answers 503, and other functions still answer", async () => {
  assert.deepEqual((await (await get(shared.stack, "/functions/v1/broken", {})).json()).code, "BOOT_ERROR");
  assert.equal((await get(shared.stack, "/functions/v1/environment", {})).status, 200);
});

test("A new function is served without a restart", async () => {
  await shared.project.write(
    "supabase/functions/late/index.ts",
    'export default { fetch: () => new Response("late") };',
  );
  const { session } = await freshSession(shared.stack);
  const answer = await get(shared.stack, "/functions/v1/late", { authorization: `Bearer ${session.access_token}` });
  assert.equal(await answer.text(), "late");
});

test("A further folder's function is served without a token, and replaces no function of the project", async () => {
  assert.equal(await (await get(shared.stack, "/functions/v1/further", {})).text(), "further of another folder");
  const { supabase } = await signInAs(shared.stack, "operator");
  assert.deepEqual((await supabase.functions.invoke("whoami")).data.role, "operator");
});

test("The stack restarts the functions process after SIGKILL", async () => {
  const killed = shared.stack.state.functions.pid;
  shared.stack.killFunctions("SIGKILL");
  await eventually("a new process", () => shared.stack.state.functions.pid !== killed);
  assert.equal((await get(shared.stack, "/functions/v1/environment", {})).status, 200);
});

test("restartFunctions() serves the current sources", async () => {
  await shared.project.write("supabase/functions/_shared/who.ts", 'export const who = () => ({ email: "changed" });');
  await shared.stack.restartFunctions();
  const { supabase } = await signInAs(shared.stack, "tenant");
  assert.deepEqual((await supabase.functions.invoke("whoami")).data, { email: "changed" });
});

test("The scheduler calls run-jobs repeatedly with the secret key", async () => {
  const calls = async () =>
    (await (await get(shared.stack, "/functions/v1/run-jobs", { apikey: shared.stack.state.secretKey })).json()).calls;
  const before = await calls();
  await eventually("two more calls", async () => await calls() > before + 1);
});
