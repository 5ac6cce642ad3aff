import { useNumbers } from "../numbers/use-numbers.ts";
import { useSubaccount } from "../subaccount/use-subaccount.ts";

/** Why the tenant cannot send, as far as the console can tell in advance. */
export type Obstacle = "no-number" | "suspended" | "closed" | "pending";

export interface Senders {
  /** E.164, with the default first. */
  numbers: string[];
  /** Whether the numbers are shared numbers of the master account. */
  areShared: boolean;
  obstacle: Obstacle | null;
}

/** The numbers that the tenant can send from; undefined until loaded. The server makes the final decision. */
export function useSenders(): Senders | undefined {
  const { data: list } = useNumbers();
  const { data: subaccount } = useSubaccount();
  if (list === undefined || subaccount === undefined) return undefined;
  const { status, provisioned } = subaccount;
  if (status === "suspended" || status === "closed") return { numbers: [], areShared: false, obstacle: status };
  const areShared = list.source === "master";
  // Only tenants without a subaccount can use shared numbers; for others, the list shows them as examples.
  const numbers = areShared && provisioned
    ? []
    : list.numbers.filter(({ capabilities }) => capabilities.sms).map(({ phoneNumber }) => phoneNumber);
  const none = status === "pending" ? "pending" : "no-number";
  return { numbers, areShared, obstacle: numbers.length === 0 ? none : null };
}
