import postgres from "postgres";
import { findTestFiles, stepThroughFiles } from "../support/pgtap.ts";
import { copyDatabase } from "../support/test-database.ts";
import { applyOurMigrations, startBareProject } from "./bare-project.ts";

/**
 * A project from the time when every new object in `public` was granted to every API role. As on the platform, the role that
 * applies the migrations is not a superuser and owns nothing in `auth`.
 */
const OLDER_PROJECT = `
create role project_owner login bypassrls createrole password 'project_owner';
grant anon, authenticated, service_role to project_owner;
grant usage, create on schema public, extensions to project_owner;
grant usage on schema auth to project_owner;
grant all on all tables in schema auth to project_owner;
do $$ begin execute format('grant create on database %I to project_owner', current_database()); end $$;

-- The platform creates extensions as a superuser and gives their objects to the role that asked.
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

Deno.test("All pgTAP files pass after installation by a role that is not a superuser, with open default privileges", async (test) => {
  await using project = await startBareProject();
  const url = new URL(await copyDatabase(project.url, "older_project"));
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  await sql.unsafe(OLDER_PROJECT);
  await sql.end();
  [url.username, url.password] = ["project_owner", "project_owner"];

  await applyOurMigrations(url.href);
  await stepThroughFiles(test, url.href, await findTestFiles());
});
