const WIDTH = 96;
const HEIGHT = 24;

/** The course of a value over some days, as a line as high as a row of text. @param values the oldest first */
export function Sparkline({ label, values }: { label: string; values: readonly number[] }) {
  const highest = Math.max(...values, 0) || 1;
  const step = values.length > 1 ? WIDTH / (values.length - 1) : 0;
  const points = values.map((value, index) =>
    `${round(index * step)},${round(1 + (1 - value / highest) * (HEIGHT - 2))}`
  );
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT}>
      <polyline points={points.join(" ")} fill="none" stroke="var(--mantine-primary-color-filled)" strokeWidth="1.5" />
    </svg>
  );
}

const round = (value: number) => Math.round(value * 10) / 10;
