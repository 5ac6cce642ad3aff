import assert from "node:assert/strict";
import { DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from "@mantine/core";
import fc from "fast-check";
import { contrast, isReadable, READABLE, readable } from "./contrast.ts";
import { PALETTE } from "./charts/palette.ts";
import { cssVariables, SURFACES, theme } from "./theme.ts";

const merged = mergeMantineTheme(DEFAULT_THEME, theme);
const STYLES = await Deno.readTextFile(new URL("./style.css", import.meta.url));

/** The parts of the console, of which that of the operators has an accent of its own. */
const areas = ["tenant", "operator"] as const;

/** Returns what a variable of a scheme stands for. */
function variablesOf(scheme: "light" | "dark", area: (typeof areas)[number] = "tenant"): (name: string) => string {
  const standard = defaultCssVariablesResolver(merged);
  const ours = cssVariables(merged);
  const all: Record<string, string> = {
    ...standard.variables,
    ...standard[scheme],
    ...ours.variables,
    ...ours[scheme],
    ...ownOf(scheme),
    ...(area === "operator" && ofOperators(scheme)),
  };
  return function valueOf(name: string): string {
    const value = all[name];
    assert.ok(value !== undefined, name);
    const reference = /^var\((--[\w-]+)\)$/.exec(value)?.[1];
    return reference === undefined ? value : valueOf(reference);
  };
}

/** The variables that `style.css` sets for a scheme. */
function ownOf(scheme: "light" | "dark"): Record<string, string> {
  const blocks = [...STYLES.matchAll(/:root(\[data-mantine-color-scheme="dark"\])? \{([^}]+)\}/g)];
  const used = blocks.filter(([, onlyDark]) => onlyDark === undefined || scheme === "dark");
  return Object.fromEntries(used.flatMap(([, , body]) => variablesIn(body!)));
}

/** The variables that `style.css` sets for the operators' area: in both schemes, then in one. */
function ofOperators(scheme: "light" | "dark"): Record<string, string> {
  const rule = /:root\[data-area="operator"\]\[data-mantine-color-scheme(?:="(\w+)")?\] \{([^}]+)\}/g;
  const used = [...STYLES.matchAll(rule)].filter(([, only]) => only === undefined || only === scheme);
  return Object.fromEntries(used.flatMap(([, , body]) => variablesIn(body!)));
}

function variablesIn(body: string): [name: string, value: string][] {
  return [...body.matchAll(/(--[\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name!, value!]);
}

const COLORS = Object.keys(merged.colors).filter((name) => name !== "dark");
const schemes = ["light", "dark"] as const;
const looks = schemes.flatMap((scheme) => areas.map((area) => [scheme, area] as const));

/** What text is on: in the operators' area, selected rows have the tint of its accent. */
const surfacesOf = (scheme: "light" | "dark", valueOf: (name: string) => string) => [
  ...SURFACES[scheme],
  valueOf("--tint"),
];

Deno.test("white text on every filled color, and text of every color on every surface, has the contrast of WCAG AA", () => {
  for (const [scheme, area] of looks) {
    const valueOf = variablesOf(scheme, area);
    const unreadable = COLORS.flatMap((name) => {
      const of = (part: string) => valueOf(`--mantine-color-${name}-${part}`);
      return [
        ["filled", isReadable("#fff", [of("filled"), of("filled-hover")])],
        ["text", isReadable(of("text"), surfacesOf(scheme, valueOf))],
        ["outline", isReadable(of("outline"), surfacesOf(scheme, valueOf))],
        ["light", isReadable(of("light-color"), [of("light"), of("light-hover"), SURFACES[scheme][0]])],
      ].filter(([, fine]) => !fine).map(([part]) => `${area} ${scheme} ${name} ${part}`);
    });
    assert.deepEqual(unreadable, []);
  }
});

Deno.test("a red button without a ground is red in both schemes", () => {
  for (const scheme of schemes) {
    const [red, green, blue] = variablesOf(scheme)("--mantine-color-red-light-color").match(/[\da-f]{2}/g)!
      .map((pair) => parseInt(pair, 16));
    assert.ok(red! > green! + 60 && red! > blue! + 60, `${scheme}: ${[red, green, blue]}`);
  }
});

Deno.test("secondary text, errors, links, placeholders and the colors of delivery states can be read on every surface", () => {
  const names = ["dimmed", "error", "anchor", "text"].map((name) => `--mantine-color-${name}`);
  for (const [scheme, area] of looks) {
    const valueOf = variablesOf(scheme, area);
    for (const name of [...names, "--good", "--bad", "--uncertain"]) {
      for (const surface of surfacesOf(scheme, valueOf)) {
        const value = contrast(valueOf(name), surface);
        assert.ok(value >= READABLE, `${area} ${scheme} ${name} on ${surface}: ${value.toFixed(2)}`);
      }
    }
    const field = scheme === "light" ? "#ffffff" : valueOf("--mantine-color-dark-6");
    assert.ok(isReadable(valueOf("--mantine-color-placeholder"), [field]), `${scheme} placeholder`);
  }
});

Deno.test("the accent of the operators' area is another color, and its fill is white text's background like the brand's", () => {
  for (const scheme of schemes) {
    const [own, operators] = areas.map((area) => variablesOf(scheme, area));
    const accents = [
      "--mantine-primary-color-filled",
      "--mantine-color-exchange-text",
      "--mantine-color-anchor",
      "--tint",
    ];
    for (const name of accents) assert.notEqual(own!(name), operators!(name), `${scheme} ${name}`);
    const fills = ["--mantine-primary-color-filled", "--mantine-primary-color-filled-hover"];
    assert.ok(isReadable("#fff", fills.map(operators!)), scheme);
    const light = ["--mantine-primary-color-light", "--mantine-primary-color-light-hover", "--tint"];
    assert.ok(isReadable(operators!("--mantine-primary-color-light-color"), light.map(operators!)), scheme);
  }
});

Deno.test("the surfaces of the theme are those of the style sheet", () => {
  for (const scheme of schemes) {
    const valueOf = variablesOf(scheme);
    for (const name of ["--surface", "--ground", "--tint"]) {
      const value = valueOf(name).replace(/^#fff$/, "#ffffff");
      assert.ok((SURFACES[scheme] as readonly string[]).includes(value), `${scheme} ${name}: ${value}`);
    }
  }
});

const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, "0")}`);

Deno.test("contrast is symmetric, from 1 for equal colors to 21 for black on white", () => {
  assert.equal(contrast("#000", "#ffffff"), 21);
  assert.equal(contrast("rgba(0, 0, 0, 1)", "#fff"), 21);
  assert.equal(contrast("#868e96", "#fff").toFixed(2), "3.32");
  fc.assert(fc.property(color, color, (one, other) => {
    const value = contrast(one, other);
    assert.ok(value >= 1 && value <= 21 && value === contrast(other, one));
    assert.equal(contrast(one, one), 1);
  }));
});

Deno.test("readable returns a color that can be read on white, whatever the candidates, and the first that can", () => {
  fc.assert(fc.property(fc.array(color, { minLength: 1 }), (candidates) => {
    const found = readable(candidates, ["#ffffff"]);
    assert.ok(isReadable(found, ["#ffffff"]));
    const first = candidates.find((candidate) => isReadable(candidate, ["#ffffff"]));
    if (first !== undefined) assert.equal(found, first);
  }));
});

Deno.test("each color of a series differs from the others and can be seen on panels in both schemes", () => {
  const { colors } = merged;
  for (const name of PALETTE) {
    const [color, shade] = name.split(".") as [string, string];
    const value = colors[color]![Number(shade)]!;
    for (const [panel] of [SURFACES.light, SURFACES.dark]) {
      assert.ok(contrast(value, panel) >= 3, `${name} on ${panel}`);
    }
  }
  assert.equal(new Set(PALETTE).size, PALETTE.length);
});
