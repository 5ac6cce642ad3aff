export interface Series {
  name: string;
  label: string;
  /** A color of the theme with its shade, such as `teal.6`: those of `palette.ts` can be told apart in both schemes. */
  color: string;
}

export interface StackedDaysProps {
  /** What the chart shows, as a sentence: the caption of its table. */
  label: string;
  series: readonly Series[];
  /**
   * What is below each bar, oldest first, and the value of each series there. A day as `2026-11-26` or a month as `2026-11` is
   * written in the reader's locale.
   */
  rows: readonly { at: string; values: Readonly<Record<string, number>> }[];
  /** How a value is written. */
  format?: (value: number) => string;
  /** How a value is written beside the bars, where there is little room. Default: as everywhere. */
  axis?: (value: number) => string;
  /** In pixels. */
  height?: number;
}
