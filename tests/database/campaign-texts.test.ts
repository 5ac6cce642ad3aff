// A campaign stores its text once: how much a request makes the database grow, and whether the database's texts are the
// ones that checkRecipients has checked.
import assert from "node:assert/strict";
import fc from "fast-check";
import postgres from "postgres";
import { checkRecipients, type RecipientInput } from "../../supabase/functions/_shared/campaigns/recipients.ts";
import { brokenPlaceholder } from "../../supabase/functions/_shared/campaigns/template.ts";
import { measure } from "../../supabase/functions/_shared/messages/segments.ts";
import { startTestDatabase } from "../support/test-database.ts";

const TENANT = "a0000000-0000-4000-8000-000000000001";
const SENDER = "+15005550101";

async function makeTenant(sql: postgres.Sql): Promise<void> {
  await sql`insert into auth.users (id, email) values (${TENANT}, 'tenant@texts.test')`;
  await sql`
    insert into public.user_preferences (user_id, twilio_subaccount_sid, twilio_subaccount_status,
      twilio_subaccount_auth_token_encrypted) values (${TENANT}, 'AC1', 'active', 'v1.k1.iv.sealed')`;
  await sql`
    insert into public.user_twilio_numbers (user_id, phone_number, phone_sid, is_primary, account_sid)
    values (${TENANT}, ${SENDER}, 'PN1', true, 'AC1')`;
  await sql`update public.plans set monthly_message_limit = 100000`;
}

async function bytesOf(sql: postgres.Sql): Promise<number> {
  const [size] = await sql<{ bytes: number }[]>`
    select sum(pg_total_relation_size(oid))::float8 as bytes from pg_class
    where relkind = 'r' and relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'pgmq'::regnamespace)`;
  return size!.bytes;
}

async function create(sql: postgres.Sql, key: string, text: string, rows: RecipientInput[]): Promise<string> {
  const { ready, rejected } = checkRecipients(rows, text);
  assert.deepEqual(rejected, []);
  const [created] = await sql<{ outcome: string; id: string }[]>`
    select outcome, campaign ->> 'id' as id from public.create_campaign(${TENANT}, ${key}, 'hash', null, ${SENDER}, ${text},
      '{}', null, ${sql.json(ready as unknown as postgres.JSONValue)}, 'request', null, null, null)`;
  assert.equal(created!.outcome, "created");
  return created!.id;
}

const number = (index: number) => `+1415${5_000_000 + index}`;

Deno.test("a campaign and its cancellation make the database grow by at most four times the request and a megabyte", async (t) => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await makeTenant(sql);

  const plain = Array.from({ length: 10_000 }, (_, index) => ({ to: number(index) }));
  const named = plain.map(({ to }, index) => ({
    to,
    variables: { name: `Guest number ${index}`, code: "x".repeat(80) },
  }));
  const cases: [name: string, text: string, rows: RecipientInput[]][] = [
    ["one long text for ten thousand numbers", "x".repeat(1_600), plain],
    ["variables for each recipient", `{{name}} {{code}} ${"x".repeat(1_400)}`, named],
  ];
  for (const [name, text, rows] of cases) {
    await t.step(name, async () => {
      const request = JSON.stringify({ body: text, recipients: rows }).length;
      const before = await bytesOf(sql);
      const id = await create(sql, name, text, rows);
      const created = await bytesOf(sql);
      await sql`select public.change_campaign(${TENANT}, ${id}, 'cancel', 'request')`;
      const canceled = await bytesOf(sql);
      const growth = [created - before, canceled - created];
      console.log(`figures: campaign of ${request} bytes: +${growth[0]} at creation, +${growth[1]} at cancellation`);
      assert.ok(canceled - before <= 4 * request + 2 ** 20, `${request} bytes: +${growth.join(", +")}`);
      assert.ok(growth[1]! <= 65_536, `the cancellation added ${growth[1]} bytes`);
    });
  }
  await sql.end();
});

Deno.test("the database renders each text that checkRecipients accepts, with the length and the segments it is checked by", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const name = fc.constantFrom(
    "name",
    "First Name",
    "Straße (2)",
    "1",
    "$&",
    "a\\b",
    "^.*$|[x]",
    "__proto__",
    "constructor",
    "Cafe\u0301",
    "E\nF",
    "\u{1f600}",
  );
  const space = fc.constantFrom("", " ", "\n\t", "\u00a0", "\u2003", "\ufeff");
  const piece = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("{{", "}}", "{", "}", " { ", " } ", "{{{name}}}", "{{}}", "€", "é", "ж", "`", "^|~", "\u{1f600}"),
    fc.tuple(space, name, space).map(([before, one, after]) => `{{${before}${one}${after}}}`),
    fc.tuple(space, name, space).map(([before, one, after]) => `{{${before}${one}${after}}}`),
  );
  const template = fc.array(piece, { minLength: 1, maxLength: 6 }).map((pieces) => pieces.join(""));
  const value = fc.oneof(
    fc.string({ maxLength: 12 }),
    fc.constantFrom("", "{{First Name}}", "{{{", "}}", "$& \\1 $1 $$", "\\0\\", "^".repeat(90), "ж".repeat(70)),
    fc.constantFrom(true, 0, -1.5, 4711),
  );
  const variables = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((pairs) =>
    Object.fromEntries(pairs.map(([one, given]) => [one.normalize("NFC"), given]))
  );
  const samples = fc.sample(fc.tuple(template, variables), 3_000)
    .filter(([text]) => text.length > 0 && brokenPlaceholder(text) === null)
    .map(([text, given]) => ({
      text,
      given,
      ready: checkRecipients([{ to: "+14155550100", variables: given }], text).ready[0],
    }))
    .filter(({ ready }) => ready !== undefined);
  const used = samples.filter(({ ready }) => ready!.variables !== null);
  assert.ok(used.length > 200, `${used.length} texts with values are accepted`);
  const rendered = await sql<{ body: string; segments: number }[]>`
    select r.body, (private.measure_text(r.body)).segments
    from jsonb_array_elements(${sql.json(samples.map(({ text, ready }) => ({ text, variables: ready!.variables })))})
      with ordinality as s (sample, n)
    cross join lateral (select private.render_text(s.sample ->> 'text', nullif(s.sample -> 'variables', 'null')) as body) r
    order by s.n`;
  samples.forEach(({ text, given }, index) => {
    const { body, segments } = rendered[index]!;
    // Without a regular expression: a placeholder begins with the first {{ and ends with the next }}.
    const [first = "", ...parts] = text.split("{{");
    const expected = first + parts.map((part) => {
      const [written = "", ...rest] = part.split("}}");
      return String(given[written.trim().normalize("NFC")]) + rest.join("}}");
    }).join("");
    assert.equal(body, expected, JSON.stringify(text));
    assert.equal(segments, measure(body).segments, JSON.stringify(body));
  });
  await sql.end();
});
