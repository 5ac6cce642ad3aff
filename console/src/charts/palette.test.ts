import assert from "node:assert/strict";
import { DEFAULT_THEME, mergeMantineTheme } from "@mantine/core";
import { contrast } from "../contrast.ts";
import { SURFACES, theme } from "../theme.ts";
import { PALETTE } from "./palette.ts";

Deno.test("each color of a series differs from the others and can be seen on panels in both schemes", () => {
  const { colors } = mergeMantineTheme(DEFAULT_THEME, theme);
  for (const name of PALETTE) {
    const [color, shade] = name.split(".") as [string, string];
    const value = colors[color]![Number(shade)]!;
    for (const [panel] of [SURFACES.light, SURFACES.dark]) {
      assert.ok(contrast(value, panel) >= 3, `${name} on ${panel}`);
    }
  }
  assert.equal(new Set(PALETTE).size, PALETTE.length);
});
