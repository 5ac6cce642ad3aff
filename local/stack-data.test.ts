import assert from "node:assert/strict";
import { eventually } from "./driver/eventually.ts";
import { freshSession, get, projectStack, test } from "../tests/support/project-stack.ts";

const shared = projectStack({ scheduler: false });

test("A tenant reads the granted columns of their own rows only", async () => {
  const owner = await freshSession(shared.stack);
  const inserted = await owner.supabase.from("notes").insert({ user_id: owner.id, body: "mine" });
  assert.equal(inserted.error, null);
  const own = await owner.supabase.from("notes").select("id, body");
  assert.deepEqual(own.data?.map(({ body }) => body), ["mine"]);
  const others = await (await freshSession(shared.stack)).supabase.from("notes").select("id, body");
  assert.deepEqual(others.data, []);
});

test("The Data API answers 42501 to a select of a column without a grant", async () => {
  const { supabase } = await freshSession(shared.stack);
  for (const columns of ["secret", "*"]) {
    const { error, status } = await supabase.from("notes").select(columns);
    assert.equal(error?.code, "42501", columns);
    assert.equal(status, 403);
  }
});

test("The Data API answers 42501 to a write without a grant", async () => {
  const { supabase, id } = await freshSession(shared.stack);
  const changed = await supabase.from("notes").update({ body: "changed" }).eq("user_id", id);
  assert.equal(changed.error?.code, "42501");
  const smuggled = await supabase.from("notes").insert({ user_id: id, body: "x", secret: "smuggled" });
  assert.equal(smuggled.error?.code, "42501");
});

test("A new table has no grants for anon and authenticated", async () => {
  const { supabase } = await freshSession(shared.stack);
  assert.equal((await supabase.from("ungranted").select("id")).error?.code, "42501");
  const anonymous = await get(shared.stack, "/rest/v1/ungranted?select=id", {
    apikey: shared.stack.state.publishableKey,
  });
  assert.equal((await anonymous.json()).code, "42501");
});

test("A request to the Data API adds no grants for the API roles", async () => {
  const { supabase } = await freshSession(shared.stack);
  await supabase.from("notes").select("id");
  const widened = await shared.stack.sql`
    select grantee, table_schema, table_name, privilege_type from information_schema.role_table_grants
    where grantee in ('anon', 'authenticated') and table_schema in ('public', 'auth')`;
  assert.deepEqual([...widened], []);
});

test("The Data API answers 42501 when a tenant calls a function that only service_role may execute", async () => {
  const { supabase } = await freshSession(shared.stack);
  assert.equal((await supabase.rpc("operators_only")).error?.code, "42501");
});

test("A jsonb argument keeps its JSON type", async () => {
  const { supabase } = await freshSession(shared.stack);
  for (const [argument, kind] of [[{ a: 1 }, "object"], [[1, 2], "array"]] as const) {
    const { data, error } = await supabase.rpc("kind_of", { argument });
    assert.equal(error, null);
    assert.equal(data, kind);
  }
});

test("The Data API cancels a statement after eight seconds and answers 57014", async () => {
  await shared.stack.sql.unsafe(`
    create function public.sleep_for(seconds int) returns int language sql begin atomic
      select seconds from pg_sleep(seconds);
    end;
    grant execute on function public.sleep_for to anon, authenticated, service_role;`);
  const { supabase } = await freshSession(shared.stack);
  const began = performance.now();
  const [shorter, longer] = await Promise.all([6, 20].map((seconds) => supabase.rpc("sleep_for", { seconds })));
  assert.deepEqual([shorter?.error, shorter?.data], [null, 6]);
  assert.deepEqual([longer?.error?.code, longer?.status], ["57014", 500]);
  assert.equal(longer?.error?.message, "canceling statement due to statement timeout");
  const seconds = (performance.now() - began) / 1000;
  assert.ok(seconds >= 8 && seconds < 18, `${seconds} s`);
  const next = await supabase.rpc("sleep_for", { seconds: 0 });
  assert.deepEqual([next.error, next.data], [null, 0]);
});

test("The database has working pgTAP and pgmq extensions", async () => {
  const lines = await shared.stack.sql.begin(async (sql) => {
    await sql`select extensions.plan(1)`;
    return await sql`select extensions.ok(true, 'works') as line`;
  });
  assert.deepEqual(lines.map(({ line }) => line), ["ok 1 - works"]);
  const [sent] = await shared.stack.sql`select pgmq.send('jobs', '{"kind":"test"}') as id`;
  const [read] = await shared.stack.sql`select msg_id, message from pgmq.read('jobs', 30, 1)`;
  assert.equal(read?.msg_id, sent?.id);
  assert.deepEqual(read?.message, { kind: "test" });
});

test("The Data API serves a table that was created after the start", async () => {
  const before = await get(shared.stack, "/rest/v1/later?select=id", { apikey: shared.stack.state.publishableKey });
  assert.equal(before.status, 404); // The Data API has now cached the schema.
  await before.body?.cancel();
  await shared.stack.sql`create table public.later (id int primary key)`;
  await shared.stack.sql`grant select on public.later to anon`;
  await eventually("the table to be seen", async () => {
    const answer = await get(shared.stack, "/rest/v1/later?select=id", { apikey: shared.stack.state.publishableKey });
    return JSON.stringify(await answer.json()) === "[]";
  });
});

test("The page at / lists the users and the simulators when the console is not built", async () => {
  const page = await (await get(shared.stack, "/", {})).text();
  for (const { email } of shared.stack.state.users) assert.ok(page.includes(email), email);
  assert.ok(shared.stack.state.twilio.pageUrl && page.includes(shared.stack.state.twilio.pageUrl));
  assert.equal(page.includes(shared.stack.state.secretKey), false);
});
