import assert from "node:assert/strict";
import fc from "fast-check";
import { money } from "./money.ts";

const digitsOf = (text: string) => text.replaceAll(/[^\d]/g, "");

Deno.test("money writes a price with the sign of its currency, and with as many decimals as it has", () => {
  assert.deepEqual(
    [money("1.15", "USD"), money("2", "usd"), money("1.2345", "USD"), money("0.00001", "USD"), money(0, "EUR")],
    ["$1.15", "$2.00", "$1.2345", "$0.00001", "€0.00"],
  );
});

Deno.test("money keeps every digit of any price, and shows an unknown currency by its code", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (units) => {
    const written = digitsOf(money(units / 100_000, "USD")).replace(/^0+/, "");
    assert.equal(Number(written.padEnd(20, "0")) === 0, units === 0);
    assert.ok(units === 0 || String(units).replace(/0+$/, "") === written.replace(/0+$/, ""), `${units}: ${written}`);
  }));
  assert.equal(money("3", "??"), "3 ??");
});
