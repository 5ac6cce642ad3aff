import { createTheme, type CSSVariablesResolver, darken, type MantineColorsTuple } from "@mantine/core";
import { readable } from "./contrast.ts";

/** The brand's green, from the lightest to the darkest shade. */
const exchange: MantineColorsTuple = [
  "#ecfaf7",
  "#d8f1ec",
  "#b0e3da",
  "#83d4c7",
  "#5cc7b6",
  "#3fb9a7",
  "#1f9d8c",
  "#0f766e",
  "#0d655e",
  "#0a504b",
];

/** Neutral colors of the dark scheme, from text to shadow, slightly tinted with the brand's green. */
const dark: MantineColorsTuple = [
  "#d8dedf",
  "#b7c0c3",
  "#98a4a9",
  "#6f7b80",
  "#3a4346",
  "#2d3436",
  "#242b2d",
  "#1b2022",
  "#14181a",
  "#0e1112",
];

const fontFamily =
  '-apple-system, BlinkMacSystemFont, "Segoe UI Variable Text", "Segoe UI", Roboto, "Helvetica Neue", sans-serif';

export const theme = createTheme({
  colors: { exchange, dark },
  primaryColor: "exchange",
  primaryShade: 7,
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Badge: { defaultProps: { tt: "none" } },
    // In a dialog, `header` would be a second banner of the page.
    ModalHeader: { defaultProps: { role: "none" } },
    DrawerHeader: { defaultProps: { role: "none" } },
    // Lists and tooltips belong to the landmark or the dialog of their field: a screen reader in a dialog reads nothing outside
    // of it. They are fixed, so that no dialog that scrolls cuts them, and above its header.
    Combobox: { defaultProps: { withinPortal: false, floatingStrategy: "fixed", zIndex: 1001 } },
    Tooltip: { defaultProps: { withinPortal: false, floatingStrategy: "fixed", zIndex: 1001 } },
    ...Object.fromEntries(
      // Above or below the field is room for it, also in a window that is zoomed to 200 %.
      ["Select", "Autocomplete", "TagsInput"].map((name) => [name, {
        defaultProps: { maxDropdownHeight: "min(220px, 40dvh)" },
      }]),
    ),
    // Without a transformation, relative to which a list inside would be placed.
    Modal: { defaultProps: { transitionProps: { duration: 150, transition: "fade" } } },
    // A menu belongs to the landmark of its button, and contains nothing but items.
    Menu: { defaultProps: { withinPortal: false, floatingStrategy: "fixed", withInitialFocusPlaceholder: false } },
    Notification: {
      defaultProps: { withBorder: true, closeButtonProps: { "aria-label": "Dismiss" } },
      styles: {
        title: { overflowWrap: "anywhere" },
        description: { color: "var(--mantine-color-dimmed)", overflowWrap: "anywhere" },
      },
    },
  },
  fontFamily,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", monospace',
  headings: { fontFamily, fontWeight: "650" },
});

/** The surfaces that text is on, by scheme: panels, the ground between them, and selected or hovered rows. */
export const SURFACES = {
  light: ["#ffffff", "#f5f8f7", "#e1f3ef", "#f8f9fa"],
  dark: ["#1b2022", "#14181a", "#242b2d", "#163530"],
} as const;

/** Secondary text. Mantine's has a contrast of 3.3 on white and 2.1 in placeholders. */
const SECONDARY = {
  light: { dimmed: "#55616a", placeholder: "#667079" },
  dark: { dimmed: "#a7b2b6", placeholder: "#98a4a9" },
} as const;

/**
 * Replaces Mantine's colors that are hard to read: each color of text, of white text's background and of light badges and
 * alerts is the first of its shades whose contrast is the 4.5 that WCAG AA requires. Mantine's red, orange and yellow have
 * less in the light scheme. Light buttons of the brand's green are those of the page on dark panels.
 */
export const cssVariables: CSSVariablesResolver = ({ colors }) => {
  const light: Record<string, string> = {};
  const darkScheme: Record<string, string> = {};
  for (const [name, shades] of Object.entries(colors)) {
    if (name === "dark") continue;
    const variable = `--mantine-color-${name}`;
    const filled = readable([shades[7], shades[8], shades[9]], ["#ffffff"]);
    const both = { [`${variable}-filled`]: filled, [`${variable}-filled-hover`]: darken(filled, 0.1) };
    const text = readable([shades[7], shades[8], shades[9]], SURFACES.light);
    Object.assign(light, both, {
      [`${variable}-text`]: text,
      [`${variable}-outline`]: text,
      [`${variable}-light-color`]: readable([shades[9]], [shades[1], shades[2]]),
    });
    const lightest = [shades[4], shades[3], shades[2], shades[1], shades[0]];
    const darkText = readable(lightest, SURFACES.dark);
    // Calm grounds of alerts and badges. Their text is also that of buttons without a ground, which in Mantine's whitest
    // shade look like all other text.
    const [ground, hovered] = [darken(shades[9], 0.7), darken(shades[9], 0.6)];
    const onLight = readable(lightest, [ground, hovered, ...SURFACES.dark]);
    Object.assign(darkScheme, both, {
      [`${variable}-light`]: ground,
      [`${variable}-light-hover`]: hovered,
      [`${variable}-text`]: darkText,
      [`${variable}-outline`]: darkText,
      [`${variable}-light-color`]: onLight,
    });
  }
  return {
    variables: {},
    light: {
      ...light,
      "--mantine-color-error": light["--mantine-color-red-text"]!,
      "--mantine-color-anchor": light["--mantine-color-exchange-text"]!,
      "--mantine-color-dimmed": SECONDARY.light.dimmed,
      "--mantine-color-placeholder": SECONDARY.light.placeholder,
    },
    dark: {
      ...darkScheme,
      "--mantine-color-error": darkScheme["--mantine-color-red-text"]!,
      "--mantine-color-anchor": darkScheme["--mantine-color-exchange-text"]!,
      "--mantine-color-dimmed": SECONDARY.dark.dimmed,
      "--mantine-color-placeholder": SECONDARY.dark.placeholder,
      // Lighter than a panel, not nearly black.
      "--mantine-color-gray-light": "var(--mantine-color-dark-6)",
      "--mantine-color-gray-light-hover": "var(--mantine-color-dark-5)",
      "--mantine-color-gray-light-color": "var(--mantine-color-dark-0)",
      "--mantine-color-exchange-light": "#163530",
      "--mantine-color-exchange-light-hover": "#1c433d",
      "--mantine-color-exchange-light-color": "#83d4c7",
    },
  };
};
