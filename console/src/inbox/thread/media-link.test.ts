import assert from "node:assert/strict";
import { linkHere } from "./media-link.ts";

Deno.test("A link to a file keeps its signature and leads to the project's URL that the page uses", () => {
  const path = "/some/path?message=m&index=0&expires=1&signature=k1.x-_";
  assert.equal(
    linkHere(`https://phones.example.com${path}`, "http://localhost:54321"),
    `http://localhost:54321${path}`,
  );
});
