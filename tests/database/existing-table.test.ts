import assert from "node:assert/strict";
import { actAs, type BareProject, startBareProject } from "./bare-project.ts";
import { CLOSED, installBesideHost, NEIGHBOUR, PLAIN_TOKEN, SUSPENDED, TENANT } from "./host-table.ts";

let project: BareProject;
Deno.test.beforeAll(async () => {
  project = await startBareProject();
});
Deno.test.afterAll(async () => await project[Symbol.asyncDispose]());

const DENIED = { code: "42501" };
const OWN_POLICIES = `
alter table public.user_preferences enable row level security;
create unique index host_one_per_user on public.user_preferences (user_id);
create policy "Own row" on public.user_preferences for all to authenticated using (auth.uid() = user_id) with check (auth.uid() = user_id);
`;

Deno.test("Installed beside a table without row level security, the host's users read and write only their own rows", async () => {
  await using host = await installBesideHost(project, "without_row_security", "");
  const { sql } = host;
  const asTenant = <T>(work: Parameters<typeof actAs<T>>[3]) => actAs(sql, "authenticated", TENANT, work);

  assert.deepEqual([...await asTenant((tx) => tx`select id, user_id, theme from public.user_preferences`)], [
    { id: "11", user_id: TENANT, theme: "dark" },
  ]);
  assert.equal((await asTenant((tx) => tx`update public.user_preferences set theme = 'red' returning 1`)).length, 1);
  assert.equal(
    (await asTenant((tx) => tx`delete from public.user_preferences where user_id = ${NEIGHBOUR} returning 1`)).length,
    0,
  );
  const insert = (userId: string) =>
    actAs(
      sql,
      "authenticated",
      TENANT,
      (tx) => tx`insert into public.user_preferences (user_id, theme) values (${userId}, 'x')`,
    );
  await sql`delete from public.user_preferences where user_id in (${TENANT}, ${NEIGHBOUR})`;
  await insert(TENANT);
  await assert.rejects(insert(NEIGHBOUR), DENIED);
  const strangers = await actAs(sql, "anon", null, (tx) => tx`select theme from public.user_preferences`);
  assert.equal(strangers.length, 0);
  assert.deepEqual(host.warnings, []);
});

Deno.test("A host's user deletes their own row with its subaccount, which still counts as open and is due for convergence", async () => {
  await using host = await installBesideHost(project, "own_delete", "");
  const { sql } = host;
  await sql`update private.due_work set due_at = now() + interval '1 day'`;
  const open = async () => (await sql<{ total: string }[]>`select total from private.open_subaccounts`)[0]?.total;
  assert.equal(await open(), "2");
  const deleted = await actAs(
    sql,
    "authenticated",
    TENANT,
    (tx) => tx`delete from public.user_preferences where user_id = ${TENANT} returning 1`,
  );
  assert.equal(deleted.length, 1);
  assert.equal(await open(), "2");
  const due = await sql`select user_id from private.due_work where kind = 'convergence' and due_at <= now()`;
  assert.deepEqual([...due], [{ user_id: TENANT }]);
});

for (
  const [name, statements] of [["closed_columns_without_policies", ""], [
    "closed_columns_with_policies",
    OWN_POLICIES,
  ]] as const
) {
  Deno.test(`Our columns stay closed although the host grants its whole table (${name.replaceAll("_", " ")})`, async () => {
    await using host = await installBesideHost(project, name, statements);
    const attempts = [
      "select twilio_subaccount_auth_token_encrypted from public.user_preferences",
      "select * from public.user_preferences",
      "update public.user_preferences set twilio_subaccount_status = 'active'",
      "update public.user_preferences set twilio_subaccount_sid = 'AC9'",
      "insert into public.user_preferences (user_id, theme, twilio_subaccount_sid) values (auth.uid(), 'x', 'AC9')",
      "truncate public.user_preferences",
    ];
    for (const attempt of attempts) {
      await assert.rejects(actAs(host.sql, "authenticated", TENANT, (tx) => tx.unsafe(attempt)), DENIED, attempt);
      await assert.rejects(actAs(host.sql, "anon", null, (tx) => tx.unsafe(attempt)), DENIED, attempt);
    }
    const own = await actAs(
      host.sql,
      "authenticated",
      TENANT,
      (tx) => tx`select twilio_subaccount_sid, twilio_subaccount_status from public.user_preferences`,
    );
    assert.deepEqual([...own], [{ twilio_subaccount_sid: "AC1", twilio_subaccount_status: "active" }]);
  });
}

Deno.test("Installed beside a table with policies, exactly those stay, and the host's users keep their access", async () => {
  await using host = await installBesideHost(project, "with_policies", OWN_POLICIES);
  const policies = await host.sql`select policyname from pg_policies where tablename = 'user_preferences'`;
  assert.deepEqual([...policies], [{ policyname: "Own row" }]);
  const indexes = await host
    .sql`select indexname from pg_indexes where tablename = 'user_preferences' and indexname like '%per_user'`;
  assert.deepEqual(
    [...indexes],
    [{ indexname: "host_one_per_user" }],
    "a second index on user_id would be a duplicate",
  );
  const updated = await actAs(
    host.sql,
    "authenticated",
    TENANT,
    (tx) => tx`update public.user_preferences set theme = 'red' returning theme`,
  );
  assert.deepEqual([...updated], [{ theme: "red" }]);
});

Deno.test("Installed beside narrow grants, no grant becomes wider, and no policy allows writing", async () => {
  await using host = await installBesideHost(
    project,
    "narrow_grants",
    "revoke all on public.user_preferences from anon, authenticated; grant select (user_id, theme) on public.user_preferences to authenticated;",
  );
  const update = actAs(host.sql, "authenticated", TENANT, (tx) => tx`update public.user_preferences set theme = 'red'`);
  await assert.rejects(update, DENIED);
  await assert.rejects(actAs(host.sql, "anon", null, (tx) => tx`select theme from public.user_preferences`), DENIED);
  const policies = await host.sql`select policyname from pg_policies where tablename = 'user_preferences'`;
  assert.deepEqual([...policies], [{ policyname: "A tenant reads their own preferences" }]);
});

Deno.test("Installed beside a policy that shows other users' rows, the migrations warn", async () => {
  await using host = await installBesideHost(
    project,
    "public_profiles",
    `alter table public.user_preferences enable row level security;
     create policy "Public profiles" on public.user_preferences for select using (true);`,
  );
  assert.equal(host.warnings.length, 1);
  assert.match(host.warnings[0]!, /"Public profiles" .*shows the SID and status/);
});

Deno.test("Installation deletes tokens in plain text, keeps the host's data, and asks for the convergence of existing tenants", async () => {
  await using host = await installBesideHost(project, "existing_tenants", "");
  const { sql } = host;
  const rows =
    await sql`select id, theme, twilio_subaccount_sid as sid, twilio_subaccount_auth_token_encrypted as token,
    twilio_subaccount_status as status from public.user_preferences order by id`;
  assert.deepEqual([...rows], [
    { id: "11", theme: "dark", sid: "AC1", token: null, status: "active" },
    { id: "12", theme: "light", sid: null, token: null, status: "pending" },
    { id: "13", theme: "light", sid: "AC3", token: null, status: "suspended" },
    { id: "14", theme: "light", sid: "AC4", token: null, status: "closed" },
  ]);
  const jobs = await sql`select message from private.jobs order by message ->> 'userId'`;
  assert.deepEqual(jobs.map(({ message }) => message), [
    { kind: "converge", userId: TENANT },
    { kind: "converge", userId: SUSPENDED },
  ]);
  const wanted =
    await sql`select id, private.wanted_subaccount(id) as wanted from auth.users where email like '%@host.test' order by id`;
  assert.deepEqual([...wanted], [
    { id: TENANT, wanted: "active" },
    { id: NEIGHBOUR, wanted: "none" },
    { id: SUSPENDED, wanted: "none" },
    { id: CLOSED, wanted: "none" },
  ]);
});

Deno.test("An existing tenant is pending until convergence stores their sealed token in the host's row", async () => {
  await using host = await installBesideHost(project, "sealed_again", "");
  const outcome = await actAs(host.sql, "service_role", null, async (tx) => {
    const before = await tx`select outcome from public.subaccount_of(${TENANT})`;
    const lease = await tx`select fence from public.begin_convergence(${TENANT}, 60)`;
    await tx`select public.record_subaccount(${TENANT}, ${
      lease[0]!.fence
    }, 'AC1', 'v1.k1.iv.sealed', 'active', 'switchboard:x', now(), 'active', 'subaccount.adopted', null)`;
    const after = await tx`select outcome, sealed_token from public.subaccount_of(${TENANT})`;
    return [before[0], after[0]];
  });
  assert.deepEqual(outcome, [{ outcome: "pending" }, { outcome: "active", sealed_token: "v1.k1.iv.sealed" }]);
  const row = await host.sql`select id, theme from public.user_preferences where user_id = ${TENANT}`;
  assert.deepEqual([...row], [{ id: "11", theme: "dark" }]);
  const plain = host.sql`update public.user_preferences set twilio_subaccount_auth_token_encrypted = ${PLAIN_TOKEN}`;
  await assert.rejects(plain, { code: "23514" });
});

Deno.test("Installation fails for a host with two rows for one user, and names the user", async () => {
  const twice = `insert into public.user_preferences (user_id, theme) values ('${NEIGHBOUR}', 'dark');`;
  await assert.rejects(installBesideHost(project, "two_rows", twice), { code: "23505", detail: new RegExp(NEIGHBOUR) });
});
