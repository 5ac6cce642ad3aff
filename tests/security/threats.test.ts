import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);
const PROOF = /`([^`|]+\.test\.(?:ts|sql)|tests\/console\/[^`|]+\.ts)`: "([^"|]+)" \|$/;

Deno.test("every threat in docs/security.md names an existing test", async () => {
  const lines = (await Deno.readTextFile(new URL("docs/security.md", ROOT))).split("\n");
  const from = lines.findIndex((line) => line.startsWith("| Threat "));
  const rows = lines.slice(from + 2, lines.indexOf("", from));
  assert.ok(rows.length > 10, "the table of threats has more than ten rows");
  for (const row of rows) {
    const proof = PROOF.exec(row);
    assert.ok(proof, `the row names no test: ${row}`);
    const [, file, title] = proof as unknown as [string, string, string];
    assert.ok((await Deno.readTextFile(new URL(file, ROOT))).includes(title), `"${title}" is not in ${file}`);
  }
});
