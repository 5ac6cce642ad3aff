import postgres from "postgres";
import { findTestFiles, stepThroughFiles } from "../support/pgtap.ts";
import { copyDatabase } from "../support/test-database.ts";
import { applyOurMigrations, startBareProject } from "./bare-project.ts";

/**
 * A project made before the platform closed new tables: whatever is made in `public` is granted to every role of the API at
 * once. And, as on the platform, who applies the migrations is no superuser, and owns nothing of auth.
 */
const OLDER_PROJECT = `
create role project_owner login bypassrls createrole password 'project_owner';
grant anon, authenticated, service_role to project_owner;
grant usage, create on schema public, extensions to project_owner;
grant usage on schema auth to project_owner;
grant all on all tables in schema auth to project_owner;
do $$ begin execute format('grant create on database %I to project_owner', current_database()); end $$;

-- The platform makes extensions as superuser, and hands what they bring to who asked for them.
alter role project_owner superuser;
set role project_owner;
create extension pgmq;
create extension pgtap with schema extensions;
reset role;
alter role project_owner nosuperuser;

alter default privileges for role project_owner in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public grant all on functions to anon, authenticated, service_role;
alter default privileges for role project_owner in schema public grant all on sequences to anon, authenticated, service_role;
`;

Deno.test("Applied by an owner who is no superuser, where everything is open by default, the same promises are kept", async (test) => {
  await using project = await startBareProject();
  const url = new URL(await copyDatabase(project.url, "older_project"));
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  await sql.unsafe(OLDER_PROJECT);
  await sql.end();
  [url.username, url.password] = ["project_owner", "project_owner"];

  await applyOurMigrations(url.href);
  await stepThroughFiles(test, url.href, await findTestFiles());
});
