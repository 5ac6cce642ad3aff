import assert from "node:assert/strict";
import fc from "fast-check";
import { SwitchboardError } from "../../../client/switchboard.ts";
import { type Content, NO_CONTENT, slotOf } from "./draft.ts";
import { Drafts, type StoredDraft } from "./drafts.ts";
import { Outbox, type PendingMessage, type Settled } from "./outbox.ts";
import { SharedItems } from "./shared-items.ts";
import { MemoryStorage } from "./storage.testing.ts";

/** What becomes of a call. `late`: it is carried out, and its response is lost. */
type Fate = "sent" | "lost" | "late" | "busy" | "refused" | "unknown";

const OWN = "+14155550100";
const PEERS = ["+14155550142", "+14155550143"] as const;

/** The server: it carries out each idempotency key once. */
class Server {
  readonly sent = new Map<string, { body: string; peer: string }>();
  /** Of the calls to come; then they succeed. */
  fates: Fate[] = [];
  isReachable = true;

  send(pending: PendingMessage): Promise<never> {
    return Promise.resolve().then(() => {
      if (!this.isReachable) throw failure(0, "unreachable");
      const fate = this.fates.shift() ?? "sent";
      if (fate === "lost") throw failure(0, "unreachable");
      if (fate === "busy") throw failure(429, "rate_limited");
      if (fate === "refused" && !this.sent.has(pending.id)) throw failure(422, "invalid_recipient");
      this.sent.set(pending.id, { body: pending.content.body, peer: pending.peer });
      if (fate === "late") throw failure(0, "timed_out");
      if (fate === "unknown") throw failure(503, "message_outcome_unknown");
      return { id: pending.id } as never;
    });
  }
}

function failure(status: number, code: SwitchboardError["code"]): SwitchboardError {
  return new SwitchboardError({ status, code, message: code });
}

/** A browser with tabs of one user. */
class Computer {
  readonly storage = new MemoryStorage();
  readonly server = new Server();
  readonly settled: Settled["outcome"][] = [];
  readonly #ends = new Map<string, Promise<void>>();
  now = 1_000_000;
  tabs: { outbox: Outbox; drafts: Drafts }[] = [];

  constructor(tabs = 1) {
    this.tabs = Array.from({ length: tabs }, () => this.open());
  }

  open() {
    const drafts = new Drafts(new SharedItems<StoredDraft>(this.storage, "draft/"), () => this.now);
    const outbox = new Outbox({
      items: new SharedItems<PendingMessage>(this.storage, "pending/"),
      drafts,
      send: (pending) => this.server.send(pending),
      show: () => Promise.resolve(),
      isOnline: () => this.server.isReachable,
      locks: (name, run) => {
        const end = (this.#ends.get(name) ?? Promise.resolve()).then(run);
        this.#ends.set(name, end);
        return end;
      },
      now: () => this.now,
    });
    outbox.onSettled((_, { outcome }) => this.settled.push(outcome));
    outbox.start();
    return { outbox, drafts };
  }

  write(body: string, peer: string = PEERS[0], tab = 0): string {
    const id = crypto.randomUUID();
    const content: Content = { ...NO_CONTENT, from: OWN, to: peer, body };
    this.tabs[tab]!.outbox.add({ id, slot: slotOf({ own: OWN, peer }), content, own: OWN, peer });
    return id;
  }

  /** Lets everything happen that waits for nothing outside; then, tabs hear of each other's changes. */
  async rest(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      for (let tick = 0; tick < 60; tick++) await Promise.resolve();
      for (const { outbox } of this.tabs) outbox.changedElsewhere();
    }
  }

  async connect(isReachable: boolean): Promise<void> {
    this.server.isReachable = isReachable;
    for (const { outbox } of this.tabs) outbox.resume();
    await this.rest();
  }

  async reload(tab: number): Promise<void> {
    this.tabs[tab]!.outbox.stop();
    this.tabs[tab] = this.open();
    await this.rest();
  }

  get states(): string[] {
    return this.tabs[0]!.outbox.list().map(({ state }) => state);
  }

  get bodies(): string[] {
    return [...this.server.sent.values()].map(({ body }) => body);
  }
}

Deno.test("a message without a network waits, is sent with the same key when the network is back, and can be canceled", async () => {
  const computer = new Computer();
  await computer.connect(false);
  const kept = computer.write("Kept");
  const canceled = computer.write("Canceled");
  await computer.rest();
  assert.deepEqual(computer.states, ["waiting", "waiting"]);
  computer.tabs[0]!.outbox.cancel(canceled);
  assert.equal(computer.tabs[0]!.drafts.get(slotOf({ own: OWN, peer: PEERS[0] }))!.body, "Canceled");
  await computer.reload(0);
  await computer.connect(true);
  assert.deepEqual([...computer.server.sent.keys()], [kept]);
  assert.deepEqual(computer.states, []);
});

Deno.test("a message whose response was lost keeps its key on Try again, and is sent once", async () => {
  const computer = new Computer();
  computer.server.fates = ["late"];
  const id = computer.write("Once is enough");
  await computer.rest();
  assert.deepEqual(computer.states, ["lost"]);
  await computer.reload(0);
  computer.tabs[0]!.outbox.tryAgain(id);
  await computer.rest();
  assert.deepEqual([...computer.server.sent.keys()], [id]);
  assert.deepEqual(computer.settled, ["lost", "sent"]);
});

Deno.test("a page that is closed while a message is being sent leaves it to the next page, under the same key", async () => {
  const computer = new Computer();
  const id = computer.write("Half way");
  computer.storage.setItem(
    `pending/${id}`,
    JSON.stringify({ ...JSON.parse(computer.storage.getItem(`pending/${id}`)!), state: "sending", startedAt: 1 }),
  );
  await computer.reload(0);
  assert.deepEqual([...computer.server.sent.keys()], [id]);
});

Deno.test("a message that is added from two tabs under one key is sent once, also after its outcome is known", async () => {
  const computer = new Computer(2);
  const content: Content = { ...NO_CONTENT, from: OWN, to: PEERS[0], body: "Same" };
  const pending = { id: "one", slot: "new", content, own: OWN, peer: PEERS[0] };
  computer.tabs[0]!.outbox.add(pending);
  computer.tabs[1]!.outbox.add(pending);
  await computer.rest();
  computer.tabs[1]!.outbox.add(pending);
  await computer.rest();
  assert.deepEqual(computer.settled, ["sent"]);
});

Deno.test("a refused message is a draft again with the reason; with a new text in the field, it fails in its place", async () => {
  const computer = new Computer();
  const { drafts, outbox } = computer.tabs[0]!;
  const slot = slotOf({ own: OWN, peer: PEERS[0] });
  computer.server.fates = ["refused"];
  computer.write("Refused");
  await computer.rest();
  const { body, failure } = drafts.get(slot)!;
  assert.deepEqual([body, failure?.code], ["Refused", "invalid_recipient"]);
  assert.deepEqual(computer.states, []);

  drafts.change(slot, { ...NO_CONTENT, from: OWN, to: PEERS[0], body: "Typed since" });
  computer.server.fates = ["refused"];
  const id = computer.write("Refused, too");
  await computer.rest();
  assert.equal(drafts.get(slot)!.body, "Typed since");
  assert.deepEqual(computer.states, ["failed"]);
  outbox.tryAgain(id);
  await computer.rest();
  // The server repeats its answer under the old key.
  assert.deepEqual([...computer.server.sent.keys()], [`${id}.2`]);
});

Deno.test("a message whose outcome is unknown is left to the ledger, and not sent again", async () => {
  const computer = new Computer();
  computer.server.fates = ["unknown"];
  computer.write("Perhaps");
  await computer.rest();
  assert.deepEqual([computer.states, computer.settled], [[], ["unknown"]]);
});

Deno.test("a message that waited for more than an hour is not sent without its author", async () => {
  const computer = new Computer();
  await computer.connect(false);
  const id = computer.write("See you in ten minutes");
  computer.now += 61 * 60 * 1000;
  await computer.connect(true);
  assert.deepEqual(computer.states, ["failed"]);
  computer.tabs[0]!.outbox.tryAgain(id);
  await computer.rest();
  assert.deepEqual([...computer.server.sent.keys()], [id]);
});

Deno.test("a message that a page was sending when it was closed more than an hour ago is left to its author", async () => {
  const computer = new Computer();
  await computer.connect(false);
  const id = computer.write("See you in ten minutes");
  await computer.rest();
  const stored = new SharedItems<PendingMessage>(computer.storage, "pending/");
  stored.set(id, { ...stored.get(id)!, state: "sending", startedAt: computer.now, failure: undefined });
  computer.now += 61 * 60 * 1000;
  computer.server.isReachable = true;
  await computer.reload(0);
  assert.deepEqual([computer.states, computer.bodies], [["lost"], []]);
  computer.tabs[0]!.outbox.tryAgain(id);
  await computer.rest();
  assert.deepEqual([...computer.server.sent.keys()], [id]);
});

type Step =
  | { do: "write"; tab: number; peer: 0 | 1 }
  | { do: "connect"; on: boolean }
  | { do: "fate"; fate: Fate }
  | { do: "tryAgain" | "discard"; tab: number; which: number }
  | { do: "reload"; tab: number }
  | { do: "rest" };
const tab = fc.nat({ max: 1 });
const which = fc.nat({ max: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), tab, peer: fc.constantFrom(0, 1) }) },
  fc.record({ do: fc.constant("connect" as const), on: fc.boolean() }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("fate" as const),
      fate: fc.constantFrom<Fate>("sent", "lost", "late", "busy", "unknown"),
    }),
  },
  fc.record({ do: fc.constantFrom("tryAgain" as const, "discard" as const), tab, which }),
  fc.record({ do: fc.constant("reload" as const), tab }),
  { weight: 3, arbitrary: fc.record({ do: fc.constant("rest" as const) }) },
);

Deno.test("over any history of two tabs, messages are sent once each, in their order, and none is lost", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (history) => {
      const computer = new Computer(2);
      const written: { id: string; body: string; peer: string }[] = [];
      const discarded = new Set<string>();
      for (const [index, event] of history.entries()) {
        // Two messages of one moment have an order, too.
        if (index % 3 === 0) computer.now += 1;
        if (event.do === "write") {
          const peer = PEERS[event.peer];
          const body = `text ${index}`;
          written.push({ id: computer.write(body, peer, event.tab), body, peer });
        }
        if (event.do === "connect") await computer.connect(event.on);
        if (event.do === "fate") computer.server.fates.push(event.fate);
        if (event.do === "rest") await computer.rest();
        if (event.do === "reload") await computer.reload(event.tab);
        if (event.do === "tryAgain" || event.do === "discard") {
          const { outbox } = computer.tabs[event.tab]!;
          const pending = outbox.list()[event.which];
          if (pending === undefined) continue;
          outbox[event.do](pending.id);
          if (!outbox.list().some(({ id }) => id === pending.id)) discarded.add(pending.id);
        }
      }
      computer.server.fates = [];
      await computer.connect(true);
      while (computer.states.length > 0) {
        for (const { id } of computer.tabs[0]!.outbox.list()) computer.tabs[0]!.outbox.tryAgain(id);
        await computer.rest();
      }
      const { bodies } = computer;
      assert.equal(new Set(bodies).size, bodies.length, "sent twice");
      for (const { id, body } of written) assert.ok(bodies.includes(body) || discarded.has(id), `"${body}" was lost`);
      for (const peer of PEERS) {
        const expected = written.filter((message) => message.peer === peer && bodies.includes(message.body));
        const sent = [...computer.server.sent.values()].filter((message) => message.peer === peer);
        assert.deepEqual(sent.map(({ body }) => body), expected.map(({ body }) => body), "order");
      }
    }),
    { numRuns: 150 },
  );
});
