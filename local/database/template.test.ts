import assert from "node:assert/strict";
import { join } from "node:path";
import { startStack } from "../stack.ts";
import { makeTestProject } from "../../tests/support/project.ts";

/** Starts and stops an ephemeral stack. Returns whether it prepared a template and which notes its database had. */
async function boot(projectDir: string) {
  const lines: string[] = [];
  const stack = await startStack({ projectDir, ephemeral: true, scheduler: false, log: (line) => lines.push(line) });
  const notes = await stack.sql<{ body: string }[]>`select body from public.notes order by id`;
  await stack.sql`update public.notes set body = 'changed'`;
  await stack.stop();
  return {
    prepared: lines.some((line) => line.startsWith("Preparing the template database")),
    notes: notes.map(({ body }) => body),
  };
}

Deno.test(
  "Ephemeral stacks copy one template, share no rows, and prepare a new template after the project changed",
  {
    sanitizeOps: false,
    sanitizeResources: false,
  },
  async () => {
    await using project = await makeTestProject();
    await project.write("supabase/migrations/20260102000000_mark.sql", `-- ${crypto.randomUUID()}\nselect 1;\n`);

    const first = await Promise.all([boot(project.folder), boot(project.folder)]);
    assert.equal(first.filter(({ prepared }) => prepared).length, 1);
    assert.deepEqual(first.map(({ notes }) => notes), [["seeded"], ["seeded"]]);
    assert.deepEqual(await boot(project.folder), { prepared: false, notes: ["seeded"] });

    await Deno.writeTextFile(join(project.folder, "supabase/seed.sql"), SECOND_SEED);
    assert.deepEqual(await boot(project.folder), { prepared: true, notes: ["seeded again"] });
  },
);

const SECOND_SEED = `
insert into public.notes (user_id, body)
select id, 'seeded again' from auth.users where email = 'tenant@switchboard.test';
`;

Deno.test("startStack rejects with the database error and stops everything when a migration fails", async () => {
  await using project = await makeTestProject();
  await project.write(
    "supabase/migrations/20260102000000_broken.sql",
    `select ${crypto.randomUUID().slice(0, 8)}no_such_thing;`,
  );
  await assert.rejects(startStack({ projectDir: project.folder, ephemeral: true }), (error: Error) => {
    assert.match(error.message, /^Cannot apply the migrations: /);
    assert.match(error.message, /20260102000000_broken|no_such_thing/);
    return true;
  });
});
