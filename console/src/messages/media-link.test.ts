import assert from "node:assert/strict";
import { linkHere } from "./media-link.ts";

Deno.test("A link to a file keeps its signature and leads to the project's URL that the page uses", () => {
  const query = "?message=m&index=0&expires=1&signature=k1.x-_";
  assert.equal(
    linkHere(`https://phones.example.com/functions/v1/message-media${query}`, "http://localhost:54321"),
    `http://localhost:54321/functions/v1/message-media${query}`,
  );
});
