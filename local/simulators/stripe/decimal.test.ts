import assert from "node:assert/strict";
import fc from "fast-check";
import { addDecimals, decimalText, parseDecimal, significantDigits } from "./objects/decimal.ts";

const decimal = fc.tuple(fc.bigInt(-(10n ** 15n), 10n ** 15n), fc.nat(14)).map(([units, places]) => ({
  units,
  places,
}));

Deno.test("A decimal keeps its value as text, and its text is the shortest", () => {
  fc.assert(fc.property(decimal, (number) => {
    const text = decimalText(number);
    const parsed = parseDecimal(text)!;
    assert.equal(parsed.units * 10n ** BigInt(number.places - parsed.places), number.units);
    assert.doesNotMatch(text, /^-0$|\.\d*0$|\.$/);
  }));
});

Deno.test("The sum of decimals does not depend on their order, and equals that of their units", () => {
  fc.assert(fc.property(fc.array(decimal, { maxLength: 20 }), (numbers) => {
    const total = (of: typeof numbers) => of.reduce(addDecimals, { units: 0n, places: 0 });
    assert.equal(decimalText(total(numbers)), decimalText(total([...numbers].reverse())));
    const units = numbers.map(({ units, places }) => units * 10n ** BigInt(14 - places));
    assert.equal(decimalText(total(numbers)), decimalText({ units: units.reduce((a, b) => a + b, 0n), places: 14 }));
  }));
});

Deno.test("Only plain decimals are parsed, and leading zeros are no significant digits", () => {
  for (const text of ["", "-", "+1", "1e3", "1.", ".5", "1,5", " 1", "NaN", "0x1"]) {
    assert.equal(parseDecimal(text), null, text);
  }
  assert.equal(decimalText(parseDecimal("-0.50")!), "-0.5");
  assert.deepEqual(["-0.0120", "0", "123456789012345", "10.50"].map(significantDigits), [3, 0, 15, 4]);
});
