import assert from "node:assert/strict";
import { createClient } from "@supabase/supabase-js";
import fc from "fast-check";
import { createSwitchboard } from "../../client/switchboard.ts";

const HEAD = "userId,email\r\n";

/** A list of operators over a server that has these pages, and the queries that it got. */
function served(pages: readonly string[]) {
  const queries: URLSearchParams[] = [];
  const answer: typeof fetch = (input) => {
    const { searchParams } = new URL(input instanceof Request ? input.url : input);
    queries.push(searchParams);
    const place = Number(searchParams.get("after") ?? 0);
    return Promise.resolve(
      new Response(`\uFEFF${HEAD}${pages[place] ?? ""}`, {
        headers: {
          "content-type": "text/csv; charset=utf-8",
          ...(place + 1 < pages.length && { "x-next-cursor": String(place + 1) }),
        },
      }),
    );
  };
  const supabase = createClient("http://localhost:1", "key", {
    auth: { persistSession: false, autoRefreshToken: false },
    global: { fetch: answer },
  });
  return { admin: createSwitchboard(supabase, { retries: 0 }).admin, queries };
}

Deno.test("a list as CSV is one file with one head, whatever its pages, also with empty ones", async () => {
  const line = fc.stringMatching(/^[a-z]{1,5},"[^"]{0,5}"$/).map((text) => `${text}\r\n`);
  const pages = fc.array(fc.array(line, { maxLength: 3 }).map((lines) => lines.join("")), {
    minLength: 1,
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(pages, async (pages) => {
      const { admin, queries } = served(pages);
      const parts = await Array.fromAsync(admin.csv("tenants", { unpaid: true, limit: 3 }));
      // A browser's `text()` leaves out the mark of the byte order; Deno's keeps it.
      assert.equal(parts.join("").replace(/^\uFEFF/, ""), HEAD + pages.join(""));
      assert.deepEqual(queries.map((query) => query.get("after")), [
        null,
        ...pages.slice(1).map((_, at) => `${at + 1}`),
      ]);
      assert.ok(queries.every((query) => query.get("unpaid") === "true" && query.get("format") === "csv"));
    }),
    { numRuns: 50 },
  );
});
