import { join } from "node:path";
import { fileURLToPath } from "node:url";

const IMPORT_MAP = fileURLToPath(new URL("../../import_map.json", import.meta.url));

/** A small project in a temporary folder, for tests of the stack that need migrations and functions of their own. */
export interface TestProject extends AsyncDisposable {
  folder: string;
  write(path: string, text: string): Promise<void>;
}

/** Makes a project with a table of notes and a few functions; see the files below. Dispose of it with `await using`. */
export async function makeTestProject(): Promise<TestProject> {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-project-" });
  const project: TestProject = {
    folder,
    async write(path, text) {
      const file = join(folder, path);
      await Deno.mkdir(join(file, ".."), { recursive: true });
      await Deno.writeTextFile(file, text);
    },
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
  await Deno.copyFile(IMPORT_MAP, join(folder, "import_map.json"));
  for (const [path, text] of Object.entries(FILES)) await project.write(path, text);
  return project;
}

const FILES = {
  "supabase/config.toml": `
[functions.whoami]
verify_jwt = false

[functions.broken]
verify_jwt = false

[functions.environment]
verify_jwt = false

[functions.run-jobs]
verify_jwt = false
`,
  "supabase/migrations/20260101000000_notes.sql": `
create extension pgmq;
create extension pgtap with schema extensions;
select pgmq.create('jobs');

create table public.notes (
  id bigint generated always as identity primary key,
  user_id uuid not null references auth.users (id),
  body text not null,
  secret text
);
alter table public.notes enable row level security;
create policy "People read their own notes" on public.notes for select to authenticated using ((select auth.uid()) = user_id);
create policy "People write their own notes" on public.notes for insert to authenticated
  with check ((select auth.uid()) = user_id);
grant select (id, user_id, body), insert (user_id, body) on public.notes to authenticated;
grant all on public.notes to service_role;

create table public.ungranted (id int primary key);

create function public.kind_of(argument jsonb) returns text language sql as $$ select jsonb_typeof(argument) $$;
create function public.claims() returns jsonb language sql stable as $$ select auth.jwt() $$;
create function public.operators_only() returns text language sql as $$ select 'in' $$;
revoke execute on function public.operators_only() from public;
grant execute on function public.operators_only() to service_role;
`,
  "supabase/seed.sql": `
insert into public.notes (user_id, body) select id, 'seeded' from auth.users where email = 'neighbour@switchboard.test';
`,
  "supabase/functions/_shared/who.ts": `
export const who = (ctx: { userClaims?: { email?: string; appMetadata?: { role?: string } } | null }) => ({
  email: ctx.userClaims?.email,
  role: ctx.userClaims?.appMetadata?.role,
});
`,
  "supabase/functions/whoami/index.ts": `
import { withSupabase } from "@supabase/server";
import { who } from "../_shared/who.ts";
export default { fetch: withSupabase({ auth: "user" }, (_request, ctx) => Promise.resolve(Response.json(who(ctx)))) };
`,
  "supabase/functions/environment/index.ts": `
export default {
  fetch: (request: Request) =>
    Response.json({
      url: request.url,
      headers: Object.fromEntries(request.headers),
      env: Deno.env.toObject(),
      missing: Deno.env.get("NOT_THERE") ?? null,
    }),
};
`,
  "supabase/functions/guarded/index.ts": `
export default { fetch: () => new Response("guarded") };
`,
  "supabase/functions/broken/index.ts": `
throw new Error("no such luck");
export default { fetch: () => new Response("never") };
`,
  "supabase/functions/run-jobs/index.ts": `
let calls = 0;
export default {
  fetch: (request: Request) => {
    const keys = JSON.parse(Deno.env.get("SUPABASE_SECRET_KEYS") ?? "{}") as { default?: string };
    if (request.headers.get("apikey") !== keys.default) return Response.json({}, { status: 401 });
    if (request.method === "POST") calls++;
    return Response.json({ calls });
  },
};
`,
};
