export interface MarginMonthsProps {
  /** The oldest first. */
  months: readonly { label: string; revenue: number; cost: number; margin: number }[];
  /** How an amount is written. */
  format: (amount: number) => string;
  /** In pixels. */
  height?: number;
}
