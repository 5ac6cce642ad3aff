import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

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
  components: {
    Notification: { defaultProps: { withBorder: true, closeButtonProps: { "aria-label": "Dismiss" } } },
  },
  fontFamily,
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", monospace',
  headings: { fontFamily, fontWeight: "650" },
});

/**
 * Overrides two groups of Mantine's colors. The contrast of its secondary text on white is 3.3 to 1, below the 4.5 that
 * WCAG AA requires; this color has 5.9. Its light buttons and badges are hard to see on our dark panels.
 */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "#5b666d" },
  dark: {
    "--mantine-color-exchange-light": "#163530",
    "--mantine-color-exchange-light-hover": "#1c433d",
    "--mantine-color-exchange-light-color": "#83d4c7",
  },
});
