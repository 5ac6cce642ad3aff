import assert from "node:assert/strict";
import { afterPress } from "./after-press.ts";

Deno.test("afterPress acts at once without a pressed pointer, and after the click with one", async () => {
  const acts: string[] = [];
  const withPressed = (element: object | null) =>
    Object.assign(globalThis, { document: { querySelector: () => element } });
  try {
    withPressed(null);
    afterPress(() => acts.push("at once"));
    assert.deepEqual(acts, ["at once"]);
    withPressed({});
    afterPress(() => acts.push("checked"));
    assert.deepEqual(acts, ["at once"]);
    dispatchEvent(new Event("mouseup"));
    acts.push("click");
    await new Promise((resolve) => setTimeout(resolve));
    assert.deepEqual(acts, ["at once", "click", "checked"]);
    dispatchEvent(new Event("mouseup"));
    await new Promise((resolve) => setTimeout(resolve));
    assert.equal(acts.length, 3);
  } finally {
    Reflect.deleteProperty(globalThis, "document");
  }
});
