/** The contrast that WCAG 2 AA requires of text. */
export const READABLE = 4.5;

/** A color as `#rgb` or `#rrggbb`, or as Mantine's `darken` returns it: `rgba(r, g, b, 1)`. */
export type Color = string;

/** The contrast of two colors by WCAG 2, from 1 to 21. */
export function contrast(one: Color, other: Color): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** Whether text of a color can be read on every one of some backgrounds. */
export function isReadable(text: Color, backgrounds: readonly Color[]): boolean {
  return backgrounds.every((background) => contrast(text, background) >= READABLE);
}

/** The first of some colors that can be read on all backgrounds, or else the last one, darkened until it can. */
export function readable(candidates: readonly Color[], backgrounds: readonly Color[]): Color {
  const found = candidates.find((color) => isReadable(color, backgrounds));
  if (found !== undefined) return found;
  let darkened = channels(candidates.at(-1)!);
  while (!isReadable(hex(darkened), backgrounds) && darkened.some((value) => value > 0)) {
    darkened = darkened.map((value) => Math.max(0, Math.floor(value * 0.98)));
  }
  return hex(darkened);
}

/** The relative luminance of a color by WCAG 2. */
function luminance(color: Color): number {
  const [red = 0, green = 0, blue = 0] = channels(color).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Red, green and blue, from 0 to 255. */
function channels(color: Color): number[] {
  const digits = /^#([\da-f]{3}|[\da-f]{6})$/i.exec(color)?.[1];
  if (digits !== undefined) {
    const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : digits.match(/../g)!;
    return pairs.map((pair) => parseInt(pair, 16));
  }
  const numbers = /^rgba?\((\d+), ?(\d+), ?(\d+)(?:, ?1)?\)$/.exec(color)?.slice(1, 4);
  if (numbers === undefined) throw new Error(`Cannot read the color "${color}"`);
  return numbers.map(Number);
}

function hex(parts: readonly number[]): Color {
  return `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}
