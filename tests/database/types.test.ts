import assert from "node:assert/strict";
import { generateTypes, TYPES_FILE } from "../../local/database/types.ts";
import postgres from "postgres";
import { decimalsOf } from "../../supabase/functions/_shared/billing/meters.ts";
import { COUNTRIES } from "../../supabase/functions/_shared/numbers/countries.ts";
import { startTestDatabase } from "../support/test-database.ts";

Deno.test("database.types.ts is what `deno task types` writes for the migrations", async () => {
  await using database = await startTestDatabase();
  assert.equal(await generateTypes(database.url), await Deno.readTextFile(TYPES_FILE), "run `deno task types`");
});

Deno.test("private.countries is the list of countries.ts, and each territory and its mother country are in it", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const [found] = await sql<{ countries: string[]; territories: string[]; mothers: string[] }[]>`
    select private.countries() as countries, array_agg(c) filter (where m is not null) as territories,
      array_agg(m) filter (where m is not null) as mothers
    from unnest(private.countries()) c, private.mother_country(c) m`;
  await sql.end();
  assert.deepEqual([...found!.countries].sort(), [...COUNTRIES].sort());
  assert.equal(found!.territories.length, 16);
  for (const mother of found!.mothers) assert.ok(COUNTRIES.has(mother), mother);
});

Deno.test("private.units_of_minor counts each currency in the smallest unit of decimalsOf", async () => {
  await using database = await startTestDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const currencies = Intl.supportedValuesOf("currency").map((code) => code.toLowerCase());
  const found = await sql<{ currency: string; units: number }[]>`
    select c as currency, private.units_of_minor(c) as units from unnest(${currencies}::text[]) c`;
  await sql.end();
  assert.ok(currencies.length > 100);
  assert.deepEqual(
    found.map(({ currency, units }) => [currency, units]),
    currencies.map((currency) => [currency, 10 ** (4 - decimalsOf(currency))]),
  );
});
