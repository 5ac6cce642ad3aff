import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import type { PlanUse } from "./plan-change.ts";
import { useUsage } from "./use-usage.ts";

/** What the tenant has used of their limits; undefined until it is known. */
export function usePlanUse(): PlanUse | undefined {
  const { switchboard } = useBackend();
  const { data: usage } = useUsage(true);
  const { data: held } = useQuery({
    queryKey: ["numbers", "held"],
    queryFn: async () => (await switchboard.numbersOverview()).numbers.held,
    meta: { isAside: true },
  });
  if (usage === undefined || held === undefined) return undefined;
  const { messages: { day, month }, period } = usage;
  return {
    numbers: held,
    dayMessages: day.limit - day.left,
    monthMessages: month.limit - month.left,
    spent: period.limit - period.left,
    currency: period.currency,
    periodUntil: period.until,
  };
}
