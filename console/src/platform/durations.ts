const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]] as const;

/** `12 seconds`, `2 minutes`, `1 hour`: in the largest unit that is not below two, rounded up, so that it is never too early. */
export function durationInWords(seconds: number): string {
  const rest = Math.max(1, Math.ceil(seconds));
  const [unit, size] = UNITS.find(([, each]) => rest >= 2 * each || rest === each) ?? UNITS[3];
  const count = Math.ceil(rest / size);
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
