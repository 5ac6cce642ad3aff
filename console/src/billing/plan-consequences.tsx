import { Alert, List, Text } from "@mantine/core";
import { TriangleAlert } from "lucide-react";
import { changesOf, exceededBy } from "./plan-change.ts";
import type { PlanDetails } from "./subscription.ts";
import { usePlanUse } from "./use-plan-use.ts";

/** What another plan changes, and which of its limits the tenant exceeds already. */
export function PlanConsequences({ from, to }: { from: PlanDetails | null; to: PlanDetails }) {
  const use = usePlanUse();
  const changes = from === null ? [] : changesOf(from, to);
  const exceeded = use === undefined ? [] : exceededBy(to, use, new Date());
  return (
    <div aria-live="polite">
      {changes.length > 0 && (
        <>
          <Text size="sm" fw={600} mb={4}>What changes</Text>
          <List size="sm" spacing={2}>
            {changes.map(({ label, before, value, isLess }) => (
              <List.Item key={label}>
                {label}: {value}{" "}
                <Text span size="sm" c="dimmed">
                  ({isLess ? "less than" : "instead of"} {before}
                  {isLess ? " now" : ""})
                </Text>
              </List.Item>
            ))}
          </List>
        </>
      )}
      {exceeded.length > 0 && (
        <Alert color="orange" icon={<TriangleAlert size={18} />} title="You exceed limits of this plan" mt="sm">
          <List size="sm" spacing={4}>
            {exceeded.map((sentence) => <List.Item key={sentence}>{sentence}</List.Item>)}
          </List>
        </Alert>
      )}
    </div>
  );
}
