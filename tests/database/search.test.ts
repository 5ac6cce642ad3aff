import assert from "node:assert/strict";
import fc from "fast-check";
import postgres from "postgres";
import { startTestDatabase, type TestDatabase } from "../support/test-database.ts";

const PEER = "+15005550199";

let database: TestDatabase;
let sql: postgres.Sql;

Deno.test.beforeAll(async () => {
  database = await startTestDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
Deno.test.afterAll(async () => {
  await sql.end();
  await database[Symbol.asyncDispose]();
});

async function write(userId: string, bodies: readonly string[]): Promise<string[]> {
  const rows = bodies.map((body) => ({
    id: crypto.randomUUID(),
    user_id: userId,
    direction: "inbound",
    from_number: PEER,
    to_number: "+15005550101",
    body,
    status: "received",
    account_sid: "AC",
    source: "subaccount",
  }));
  await sql`insert into public.sms_messages ${sql(rows)}`;
  return rows.map(({ id }) => id);
}

async function find(userId: string, search: string): Promise<string[]> {
  const found = await sql<{ id: string }[]>`
    select id from public.list_messages(${userId}, null, null, null, null, null, null, null, ${search}, null, null, 200)`;
  return found.map(({ id }) => id);
}

/** Words as they stand in texts of many languages, and what joins them. */
const wordOf = (letters: string, maxLength = 8) =>
  fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength });
const spaced = fc.oneof(
  wordOf("abcxyzABCXYZ"),
  wordOf("0123456789"),
  wordOf("abcABC0123456789"),
  wordOf("äöüßéèñçøłœÄÖÜÉ"),
  wordOf("приветЁйŁіїή"),
  wordOf("नमसतदुनिया"),
  wordOf("שלוםعربي"),
);
const unspaced = fc.oneof(
  wordOf("明日会議室三時からデータガ々ー"),
  wordOf("ราคาอาหารวันนี้"),
  wordOf("내일회의가"),
  fc.constantFrom("😀", "👍🏽", "👩‍💻", "🎉🎉", "❤️", "🇩🇪", "€", "✓"),
);
const joint = fc.constantFrom(" ", "  ", "\n", "-", ".", "/", ": ", ", ", "_", "'", "。", " (", "…", "\u00a0");
const text = fc.array(fc.tuple(fc.oneof(spaced, unspaced), joint), { minLength: 1, maxLength: 12 });
type Text = [word: string, joint: string][];
const bodyOf = (words: Text) => words.map((pair) => pair.join("")).join("");

/** How a person types a word they have seen: as it is, in other case, decomposed, without its end. */
const typings = fc.constantFrom(
  (word: string) => word,
  (word: string) => word.normalize("NFD"),
  (word: string) => word.normalize("NFC"),
  (word: string) => word.toLowerCase(),
  (word: string) => word.normalize("NFD").replace(/[\u0300-\u036f]/gu, ""),
);

Deno.test("a text is found by each of its words as typed, by any two, and by the whole text, for its tenant only", async () => {
  await fc.assert(
    fc.asyncProperty(text, fc.nat(), fc.nat(), typings, async (words, one, two, type) => {
      const [ada, ben] = [crypto.randomUUID(), crypto.randomUUID()];
      const body = bodyOf(words);
      const [id] = await write(ada, [body]);
      const [first, second] = [words[one % words.length]![0], words[two % words.length]![0]];
      for (const search of [type(first), `${type(first)} ${type(second)}`, `${type(second)}\t${first}`, body]) {
        assert.deepEqual(await find(ada, search), [id], `${JSON.stringify(search)} in ${JSON.stringify(body)}`);
        assert.deepEqual(await find(ben, search), []);
      }
    }),
    { numRuns: 150 },
  );
});

Deno.test("a text is found by each beginning of a spaced word and by each part of an unspaced one", async () => {
  const beginnings = fc.oneof(
    fc.tuple(spaced, fc.nat()).map(([word, end]) => ({
      word,
      part: [...word].slice(0, 1 + end % [...word].length).join(""),
    })),
    fc.tuple(wordOf("明日会議室三時からデータราคาอาหาร내일회의가"), fc.nat(), fc.nat()).map(([word, from, length]) => {
      const characters = [...word];
      const start = from % characters.length;
      return { word, part: characters.slice(start, start + 1 + length % (characters.length - start)).join("") };
    }),
  );
  await fc.assert(
    fc.asyncProperty(text, beginnings, joint, text, async (before, { word, part }, glue, after) => {
      const ada = crypto.randomUUID();
      const body = `${bodyOf(before)} ${word}${glue}${bodyOf(after)}`;
      const [id] = await write(ada, [body]);
      assert.deepEqual(await find(ada, part), [id], `${JSON.stringify(part)} in ${JSON.stringify(body)}`);
    }),
    { numRuns: 150 },
  );
});

Deno.test("a search finds a text only if the text, without punctuation and accents, contains all its words", async () => {
  const plain = (given: string) =>
    given.normalize("NFKD").replace(/[\u0300-\u036f\u200d\ufe0f\u{1f3fb}-\u{1f3ff}]/gu, "").normalize("NFC")
      .toLowerCase()
      .replace(/ß/gu, "ss").replace(/œ/gu, "oe").replace(/ø/gu, "o").replace(/ł/gu, "l")
      .replace(/[\p{P}\s]+/gu, "");
  const word = fc.oneof(wordOf("abAB", 2), wordOf("01", 2), wordOf("äé", 2), wordOf("日会", 2));
  const texts = fc.array(fc.tuple(word, joint), { minLength: 1, maxLength: 8 });
  const searches = fc.array(fc.tuple(word, joint), { minLength: 1, maxLength: 2 });
  let found = 0;
  await fc.assert(
    fc.asyncProperty(texts, searches, async (words, searched) => {
      const ada = crypto.randomUUID();
      const body = bodyOf(words);
      await write(ada, [body]);
      const search = bodyOf(searched);
      if ((await find(ada, search)).length === 0 || !/[^\p{P}\s0-9]/u.test(search)) return; // or digits of the number
      found++;
      for (const word of search.split(/\s+/u)) {
        assert.ok(plain(body).includes(plain(word)), `${JSON.stringify(search)} in ${JSON.stringify(body)}`);
      }
    }),
    { numRuns: 300 },
  );
  assert.ok(found > 10, `only ${found} searches found their text`);
});

Deno.test("an ASCII text, for which the trigger has an expression of its own, is indexed as words_of says", async () => {
  const ascii = fc.string({ unit: "binary-ascii", maxLength: 60 }).map((given) => given.replaceAll("\0", ""));
  await fc.assert(
    fc.asyncProperty(ascii, async (body) => {
      const [id] = await write(crypto.randomUUID(), [body]);
      const [row] = await sql`
        select w.words = private.words_of(w.user_id, ${body}) as is_equal, w.words::text as words
        from private.message_words w where w.message_id = ${id!}`;
      assert.equal(row?.["is_equal"], true, `${JSON.stringify(body)} became ${row?.["words"]}`);
    }),
    { numRuns: 300, examples: [[""], ["..."], ["B12x"], [" a  b "], ["A".repeat(999)]] },
  );
});

/** The blocks that a search touches. Planning and the cache do not count. */
async function blocksOf(userId: string, search: string): Promise<number> {
  const [explained] = await sql`explain (analyze, buffers, costs off, timing off, format json)
    select * from public.list_messages(${userId}, null, null, null, null, null, null, null, ${search}, null, null, 50)`;
  const [{ Plan: plan }] = explained!["QUERY PLAN"];
  return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
}

/** Gives each of so many tenants 20 messages with the same words, as a fill that needs no trigger. */
async function fill(tenants: number): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`
      with added as (
        insert into public.sms_messages (user_id, direction, from_number, to_number, body, status, account_sid, source, created_at)
        select t.user_id, 'outbound', '+15005550101', ${PEER}, 'Order ABC-' || n || ' is ready, rare' || n, 'delivered', 'AC', 'subaccount',
          now() - make_interval(mins => n)
        from (select gen_random_uuid() as user_id from generate_series(1, ${tenants}::integer)) t, generate_series(1, 20) n
        returning id, user_id, body, created_at)
      insert into private.message_words (message_id, user_id, created_at, words)
      select a.id, a.user_id, a.created_at, private.words_of(a.user_id, a.body) from added a`;
  });
  await sql`analyze public.sms_messages, private.message_words`;
}

Deno.test("a search reads no more when other tenants have more messages with its words", async () => {
  const [small, large] = [crypto.randomUUID(), crypto.randomUUID()];
  await write(small, ["Order ABC-1 is ready", "An order with rare7"]);
  for (let part = 0; part < 6; part++) {
    await write(large, Array.from({ length: 500 }, (_, n) => `Order ABC-${part * 500 + n} ${n === 0 ? "rare7" : ""}`));
  }
  const searches = ["order", "o", "abc-1", "rare7", "rare", "nothing", "a nothing", "15005"];
  const cost = async () => {
    const entries = searches.flatMap((search) => [[small, search], [large, search]] as const);
    const blocks = new Map<string, number>();
    for (const [user, search] of entries) {
      await blocksOf(user, search); // the first call also reads the catalogue
      blocks.set(`${user === small ? "small" : "large"} ${search}`, await blocksOf(user, search));
    }
    return blocks;
  };
  await fill(20);
  const before = await cost();
  await fill(1000);
  for (const [search, blocks] of await cost()) {
    const allowed = before.get(search)! + 50; // a deeper tree
    assert.ok(blocks <= allowed, `${search}: ${blocks} blocks, before ${before.get(search)}`);
  }
});

Deno.test("words are the same in databases of other locales", async () => {
  const texts = ["ÄRGER Ünlü İstanbul ΟΔΟΣ ПРИВЕТ", "明日 ABC-4711 B12", "नमस्ते, สวัสดี", "👍🏽 20€", "Ｆｕｌｌ"];
  const functions = await sql<{ definition: string }[]>`
    select pg_get_functiondef(f::regprocedure) as definition from unnest(array['private.unspaced()', 'private.spaced(text)',
      'private.searchable(text)', 'private.mark_of(uuid)', 'private.split_words(text)', 'private.words_of(uuid, text)']) f`;
  const ada = crypto.randomUUID();
  const wordsIn = async (db: postgres.Sql) =>
    Array.from(await db`select private.words_of(${ada}, t)::text as words from unnest(${texts}::text[]) t`);
  const expected = await wordsIn(sql);
  const locales = [
    "libc locale 'C'",
    "libc locale 'C.UTF-8'",
    "builtin builtin_locale 'C' locale 'C'",
    "icu icu_locale 'tr-TR' locale 'C'",
  ];
  for (const locale of locales) {
    await sql.unsafe(`create database other template template0 encoding 'UTF8' locale_provider ${locale}`);
    const address = new URL(database.url);
    address.pathname = "/other";
    const other = postgres(address.href, { max: 1, onnotice: () => {} });
    try {
      await other.unsafe("create schema private");
      for (const { definition } of functions) await other.unsafe(definition);
      assert.deepEqual(await wordsIn(other), expected, locale);
    } finally {
      await other.end();
      await sql.unsafe("drop database other");
    }
  }
});
