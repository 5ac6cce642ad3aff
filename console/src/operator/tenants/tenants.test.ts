import assert from "node:assert/strict";
import fc from "fast-check";
import { tenantSearch } from "../../phone/tenant-search.ts";
import { type Amount, marginOf, messagesInWords, sum } from "./amounts.ts";
import { isCutShort, MOST_READS, PAGE, readPage } from "./pages.ts";
import {
  addressOf,
  EVERYTHING,
  isFiltered,
  nothingListed,
  ORDERS,
  queryOf,
  requestOf,
  type TenantsQuery,
  VIEWS,
} from "./query.ts";
import { filterWith, LONGEST_NAME, savedFiltersOf, withFilter, withoutFilter } from "./saved-filters.ts";
import { isOnItsWay, planInWords, statusOf } from "./status.ts";

const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).map((text) => text.trim()).filter(Boolean);
const query = fc.record({
  view: fc.constantFrom(...VIEWS),
  order: fc.constantFrom(...ORDERS),
  search: fc.oneof(text, fc.constantFrom("+14155550100", "AC0123", "ada+news@example.test")),
  plan: text,
}, { requiredKeys: ["view", "order"], noNullPrototype: true }) as fc.Arbitrary<TenantsQuery>;

Deno.test("every query of the tenants is kept by its address, and every tenant in the usual order needs none", () => {
  fc.assert(fc.property(query, (query) => {
    assert.deepEqual(queryOf(new URLSearchParams(addressOf(query))), query);
  }));
  assert.equal(addressOf(EVERYTHING), "");
});

Deno.test("queryOf never fails, leaves out what it does not know, and writes the same address again", () => {
  fc.assert(
    fc.property(fc.webQueryParameters(), fc.string(), (parameters, other) => {
      const read = queryOf(new URLSearchParams(`${parameters}&view=${encodeURIComponent(other)}`));
      assert.deepEqual(queryOf(new URLSearchParams(addressOf(read))), read);
    }),
    { numRuns: 30 },
  );
  assert.deepEqual(queryOf(new URLSearchParams("view=spam&order=random&search=%20&tab=usage")), EVERYTHING);
  assert.equal(queryOf(new URLSearchParams("search=+14155550100")).search, "+14155550100");
  assert.equal(queryOf(new URLSearchParams({ search: "x".repeat(400) })).search?.length, 320);
});

Deno.test("the request has the filter of its view alone, and a number without its punctuation", () => {
  const filters = ["unpaid", "drift", "overLimit", "status"] as const;
  fc.assert(fc.property(query, (query) => {
    const request = requestOf(query);
    assert.equal(filters.filter((name) => request[name] !== undefined).length, query.view === "all" ? 0 : 1);
    assert.equal(request.sort, query.order);
    assert.equal(isFiltered(query), Object.keys(request).length > 1);
  }));
  assert.deepEqual(requestOf({ ...EVERYTHING, search: "+1 (415) 555-0100" }), {
    sort: "newest",
    search: "+14155550100",
  });
});

Deno.test("a search for a number is written as the server stores it, and any other stays as it is", () => {
  assert.equal(tenantSearch(" 14155550100 "), "+14155550100");
  for (const other of ["ada.b-c@example.test", "AC01234567890123456789012345678901", "4155550100", "+", "a1"]) {
    assert.equal(tenantSearch(other), other);
  }
  fc.assert(fc.property(fc.uuid(), (id) => assert.equal(tenantSearch(id), id)));
});

Deno.test("an empty list names its filter", () => {
  assert.equal(nothingListed({ ...EVERYTHING, view: "unpaid" }), "No unpaid tenants");
  assert.equal(nothingListed({ ...EVERYTHING, view: "unpaid", search: "ada" }), "No tenant matches “ada”");
  assert.equal(nothingListed({ ...EVERYTHING, plan: "team" }), "No tenants with these filters");
});

/** A server with tenants of which some match, that looks at a few in each read. */
function serverWith(matches: readonly boolean[], looked: number) {
  let reads = 0;
  return {
    reads: () => reads,
    read: (after: string | undefined, limit: number) => {
      reads += 1;
      const tenants: number[] = [];
      let at = after === undefined ? 0 : Number(after);
      const until = at + looked;
      for (; at < matches.length && at < until && tenants.length < limit; at += 1) if (matches[at]) tenants.push(at);
      return Promise.resolve({ tenants, next: at < matches.length ? String(at) : null });
    },
  };
}

Deno.test("the pages of a list have each matching tenant once, each within its size and its reads", async () => {
  const matches = fc.array(fc.boolean(), { maxLength: 400 });
  await fc.assert(fc.asyncProperty(matches, fc.integer({ min: 1, max: 120 }), async (matches, looked) => {
    const seen: number[] = [];
    let after: string | undefined;
    for (;;) {
      const server = serverWith(matches, looked);
      const page = await readPage(server.read, after);
      assert.ok(page.tenants.length <= PAGE && server.reads() <= MOST_READS);
      if (isCutShort(page)) assert.equal(server.reads(), MOST_READS);
      seen.push(...page.tenants);
      if (page.next === null) break;
      after = page.next;
    }
    assert.deepEqual(seen, matches.flatMap((isMatch, at) => isMatch ? [at] : []));
  }));
});

const facts = fc.record({
  status: fc.constantFrom("pending", "active", "suspended", "closed"),
  wanted: fc.constantFrom("none", "active", "suspended", "closed"),
  subaccountSid: fc.constantFrom(null, "AC1"),
  operatorHold: fc.constantFrom(null, "suspended", "closed"),
  suspendedAtTwilio: fc.boolean(),
  isDrifting: fc.boolean(),
  userDeletedAt: fc.constantFrom(null, "2026-11-01T00:00:00Z"),
  requestedAt: fc.constantFrom(null, "2026-11-01T00:00:00Z"),
  lastError: fc.constantFrom(null, "Twilio is unavailable"),
}) as fc.Arbitrary<Parameters<typeof statusOf>[0]>;

Deno.test("a status says what is and, only of a drifting tenant, what should be, never the same twice", () => {
  fc.assert(
    fc.property(facts, (tenant) => {
      const { label, color, wanted, reason } = statusOf(tenant);
      if (!tenant.isDrifting) assert.equal(wanted, null);
      if (wanted !== null) assert.notEqual(wanted.toLowerCase(), `should be ${label.toLowerCase()}`);
      if (tenant.userDeletedAt !== null) assert.equal(reason, "The user is deleted");
      if (tenant.operatorHold === null && !tenant.suspendedAtTwilio && tenant.userDeletedAt === null) {
        assert.equal(reason, null);
      }
      assert.equal(color === "teal", tenant.status === "active");
    }),
    { numRuns: 500 },
  );
});

Deno.test("the statuses of a tenant who waits, of one whose setup fails, and of one who is to be suspended", () => {
  const pending: Parameters<typeof statusOf>[0] = {
    status: "pending",
    wanted: "active",
    subaccountSid: null,
    operatorHold: null,
    suspendedAtTwilio: false,
    isDrifting: true,
    userDeletedAt: null,
    requestedAt: "2026-11-01T00:00:00Z",
    lastError: null,
  };
  assert.deepEqual(statusOf(pending), { label: "Being set up", color: "blue", wanted: null, reason: null });
  assert.equal(statusOf({ ...pending, lastError: "no" }).label, "Setup fails");
  assert.equal(statusOf({ ...pending, wanted: "none", isDrifting: false }).label, "No subaccount");
  assert.deepEqual(statusOf({ ...pending, status: "active", wanted: "suspended", operatorHold: "suspended" }), {
    label: "Active",
    color: "teal",
    wanted: "Should be suspended",
    reason: "Held by an operator",
  });
  const soon = new Date("2026-11-01T00:01:00Z");
  assert.deepEqual(
    [pending, { ...pending, lastError: "no" }, { ...pending, isDrifting: false }].map((one) => isOnItsWay(one, soon)),
    [true, false, false],
  );
  assert.equal(isOnItsWay(pending, new Date("2026-11-01T00:03:00Z")), false);
});

Deno.test("a sum has cents, more decimals below one cent, and no sign of a currency that is not known", () => {
  assert.equal(sum("1234.5", "USD"), "$1,234.50");
  assert.equal(sum("0.0079", "USD"), "$0.0079");
  assert.equal(sum("0", "EUR"), "€0.00");
  assert.equal(sum("-0.02", "USD"), "-$0.02");
  assert.equal(sum("3", null), "3.00");
  assert.equal(sum("3", "12"), "3.00 12");
});

const cents = fc.integer({ min: 0, max: 10_000_000 }).map((value) => value / 100);

Deno.test("a margin is a loss exactly where the cost is more than the price, and its share is of the price", () => {
  fc.assert(fc.property(cents, cents, (price, cost) => {
    const margin = ((price * 100 - cost * 100) / 100).toFixed(2);
    const amount: Amount = { currency: "USD", price: String(price), cost: String(cost), margin };
    const shown = marginOf(amount);
    assert.equal(shown.isLoss, cost > price);
    assert.equal(shown.share === null, price === 0);
  }));
  assert.deepEqual(marginOf({ currency: "USD", price: "4", cost: "3", margin: "1" }), {
    text: "$1.00",
    share: "25%",
    isLoss: false,
  });
});

Deno.test("the messages of some days are said as their sum", () => {
  assert.equal(messagesInWords([1, 0, 1200]), "1,201 messages in 3 days");
  assert.equal(messagesInWords([0, 1]), "1 message in 2 days");
});

Deno.test("saved filters survive storing, have each name once, and are found by their query", () => {
  fc.assert(fc.property(fc.array(fc.tuple(text, query), { maxLength: 25 }), (added) => {
    const saved = added.reduce((saved, [name, query]) => withFilter(saved, name, query), savedFiltersOf(null));
    assert.deepEqual(savedFiltersOf(JSON.stringify(saved)), saved);
    assert.equal(new Set(saved.map(({ name }) => name)).size, saved.length);
    for (const { name, address } of saved) {
      assert.ok(name.length <= LONGEST_NAME);
      assert.equal(filterWith(saved, queryOf(new URLSearchParams(address)))?.address, address);
      assert.ok(!withoutFilter(saved, name).some((one) => one.name === name));
    }
  }));
});

Deno.test("savedFiltersOf never fails, whatever is stored", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (stored) => {
    assert.ok(Array.isArray(savedFiltersOf(stored)));
  }));
  assert.deepEqual(savedFiltersOf('[{"name": " late ", "address": "?view=unpaid&spam=1"}, 5, null]'), [
    { name: "late", address: "?view=unpaid" },
  ]);
});

Deno.test("a plan is named, and one that is not paid for is said to be lapsed", () => {
  const nameOf = (key: string) => ({ free: "Free", team: "Team" })[key] ?? key;
  assert.equal(planInWords({ plan: "team", lapsedPlan: null }, nameOf), "Team");
  assert.equal(planInWords({ plan: "free", lapsedPlan: "team" }, nameOf), "Team, lapsed");
  assert.equal(planInWords({ plan: "old", lapsedPlan: null }, nameOf), "old");
  assert.equal(planInWords({ plan: null, lapsedPlan: null }), "No plan");
});
