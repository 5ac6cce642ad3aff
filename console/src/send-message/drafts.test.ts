import assert from "node:assert/strict";
import fc from "fast-check";
import { type Content, NEW, NO_CONTENT, slotOfNew } from "./draft.ts";
import { Drafts, type StoredDraft } from "./drafts.ts";
import { SharedItems } from "./shared-items.ts";
import { MemoryStorage, TabStorages } from "./storage.testing.ts";

const written = (body: string): Content => ({ ...NO_CONTENT, to: "+14155550142", body });

function draftsIn(storage: Storage | MemoryStorage): Drafts {
  return new Drafts(new SharedItems<StoredDraft>(storage, "switchboard/ada/draft/"));
}

Deno.test("a draft keeps its idempotency key until its content changes", () => {
  const drafts = draftsIn(new MemoryStorage());
  drafts.change(NEW, written("Hello"));
  const { key } = drafts.get(NEW)!;
  drafts.change(NEW, written("Hello"));
  assert.equal(drafts.get(NEW)!.key, key);
  drafts.change(NEW, { ...written("Hello"), to: "+14155550143" });
  assert.notEqual(drafts.get(NEW)!.key, key);
});

Deno.test("a draft of an earlier page is there with its key, and one of another user is not", () => {
  const storage = new MemoryStorage();
  const before = draftsIn(storage);
  before.change(NEW, written("Hello"));
  assert.deepEqual(draftsIn(storage).get(NEW), before.get(NEW));
  assert.equal(new Drafts(new SharedItems<StoredDraft>(storage, "switchboard/ben/draft/")).get(NEW), null);
});

Deno.test("the same text can be sent twice: the second one has a key of its own", () => {
  const drafts = draftsIn(new MemoryStorage());
  const keys = [1, 2].map(() => {
    drafts.change(NEW, written("Hello"));
    return drafts.take(NEW, written("Hello"));
  });
  assert.equal(new Set(keys).size, 2);
  assert.equal(drafts.get(NEW), null);
});

Deno.test("a text that was not sent does not replace what was typed since", () => {
  const drafts = draftsIn(new MemoryStorage());
  drafts.change(NEW, written("First"));
  drafts.take(NEW, written("First"));
  drafts.change(NEW, written("Second"));
  assert.equal(drafts.putBack(NEW, written("First")), false);
  assert.equal(drafts.get(NEW)!.body, "Second");
});

Deno.test("a draft that the browser cannot store, or did not write, does no harm", () => {
  const full = new MemoryStorage();
  full.setItem = () => {
    throw new DOMException("full", "QuotaExceededError");
  };
  const drafts = draftsIn(full);
  drafts.change(NEW, written("Hello"));
  assert.equal(drafts.get(NEW)!.body, "Hello");
  for (const text of ["{", "null", "7", "{}", '{"key":"k","to":"","body":"","at":"soon","mediaUrls":[]}']) {
    const foreign = new MemoryStorage();
    foreign.setItem("switchboard/ada/draft/new", text);
    assert.equal(draftsIn(foreign).get(NEW), null, text);
  }
});

/** `deliver`: the tab reads the other's writes, but its fields do not show them yet. */
type Step = { tab: 0 | 1; do: "type" | "send" | "deliver" | "hear" };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ tab: fc.constantFrom(0, 1), do: fc.constantFrom("type", "send", "deliver", "hear") }) as fc.Arbitrary<
    Step
  >,
  { maxLength: 30 },
);

Deno.test("in two tabs, each text is sent under one key, and the newest text wins", () => {
  fc.assert(
    fc.property(steps, (history) => {
      const storages = new TabStorages(2);
      let now = 1;
      const tabs = storages.tabs.map((storage) => {
        return { drafts: new Drafts(new SharedItems(storage, "draft/"), () => now), body: "" };
      });
      const keys = new Map<string, Set<string>>();
      let newest = "";
      const hear = (tab: 0 | 1) => {
        storages.deliver(tab);
        tabs[tab]!.drafts.changedElsewhere(NEW);
        tabs[tab]!.body = tabs[tab]!.drafts.get(NEW)?.body ?? "";
      };
      for (const [index, { tab, do: action }] of history.entries()) {
        const { drafts, body } = tabs[tab]!;
        if (action === "deliver") storages.deliver(tab);
        if (action === "hear") hear(tab);
        if (action === "type") {
          now += index % 2;
          newest = `text ${index}`;
          tabs[tab]!.body = newest;
          drafts.change(NEW, written(newest));
        }
        if (action === "send" && body !== "") {
          keys.set(body, (keys.get(body) ?? new Set()).add(drafts.take(NEW, written(body))));
          tabs[tab]!.body = drafts.get(NEW)?.body ?? "";
        }
      }
      for (const tab of [0, 1, 0, 1] as const) hear(tab);
      assert.equal(tabs[0]!.body, tabs[1]!.body);
      if (!keys.has(newest)) assert.equal(tabs[0]!.body, newest);
      for (const [text, used] of keys) assert.equal(used.size, 1, `${text} has ${used.size} keys`);
    }),
    { numRuns: 300 },
  );
});

Deno.test("a dialog that is opened for a recipient or a sender does not show the draft to another", () => {
  const [ada, ben] = ["+14155550142", "+14155550143"];
  const slots = [{}, { to: ada }, { to: ben }, { from: ada }, { from: ben }, { to: ada, body: "Hello" }].map(slotOfNew);
  assert.equal(new Set(slots).size, 6);
  assert.equal(slots[0], NEW);
});
