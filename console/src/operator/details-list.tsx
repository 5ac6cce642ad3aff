import { Text } from "@mantine/core";
import type { Detail } from "./details.ts";

/** Facts by name, with the parts of a fact below it. */
export function DetailsList({ details }: { details: readonly Detail[] }) {
  if (details.length === 0) return <Text size="sm" c="dimmed">No details</Text>;
  return (
    <dl className="facts operator-details">
      {details.map(({ label, value }, index) => (
        <div key={index} className="fact">
          <dt>{label}</dt>
          <dd>{typeof value === "string" ? value : <DetailsList details={value} />}</dd>
        </div>
      ))}
    </dl>
  );
}
