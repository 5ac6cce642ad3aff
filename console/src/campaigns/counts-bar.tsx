import { Progress } from "@mantine/core";
import type { Campaign } from "../../../client/switchboard.ts";
import { COUNTS } from "./status.ts";

/** The recipients of a campaign by their results, as one bar. */
export function CountsBar({ counts, total, size = "sm" }: Pick<Campaign, "counts" | "total"> & { size?: string }) {
  const parts = COUNTS.filter(({ count }) => counts[count] > 0 && count !== "waiting");
  const text = parts.map(({ count, label }) => `${counts[count].toLocaleString()} ${label.toLowerCase()}`).join(", ");
  return (
    <div role="img" aria-label={`Of ${total.toLocaleString()}: ${text === "" ? "all waiting" : text}`}>
      <Progress.Root size={size} aria-hidden>
        {parts.map(({ count, color }) => (
          <Progress.Section
            key={count}
            value={(counts[count] / Math.max(1, total)) * 100}
            color={color}
            withAria={false}
          />
        ))}
      </Progress.Root>
    </div>
  );
}
