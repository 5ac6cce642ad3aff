export interface Series {
  name: string;
  label: string;
  /** A color of the theme with its shade, such as `teal.6`. */
  color: string;
}

export interface StackedDaysProps {
  /** What the chart shows, as a sentence: the caption of its table. */
  label: string;
  series: readonly Series[];
  /** What is below each bar, oldest first, and the value of each series there. */
  rows: readonly { at: string; values: Readonly<Record<string, number>> }[];
  /** How a value is written. */
  format?: (value: number) => string;
  /** In pixels. */
  height?: number;
}
