/** The colors of series, in their order. Each has a contrast of 3 with panels in both schemes, and another hue than the others. */
export const PALETTE = ["exchange.6", "indigo.6", "orange.7", "pink.7", "gray.6", "lime.9"] as const;
