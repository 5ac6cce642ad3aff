import { useNumbers } from "../numbers/use-numbers.ts";
import { useSubaccount } from "../subaccount/use-subaccount.ts";

/** Why nothing can be sent, as far as the console can tell beforehand. */
export type Obstacle = "no-number" | "suspended" | "closed" | "pending";

export interface Senders {
  /** E.164, the default first. */
  numbers: string[];
  /** Whether they are the platform's, used through the master account. */
  areShared: boolean;
  obstacle: Obstacle | null;
}

/** The numbers that messages can be sent from; undefined until known. The server decides again, whatever this says. */
export function useSenders(): Senders | undefined {
  const { data: list } = useNumbers();
  const { data: subaccount } = useSubaccount();
  if (list === undefined || subaccount === undefined) return undefined;
  const { status, provisioned } = subaccount;
  if (status === "suspended" || status === "closed") return { numbers: [], areShared: false, obstacle: status };
  const areShared = list.source === "master";
  // Shared numbers are for those without a subaccount; to others they are shown as examples only.
  const numbers = areShared && provisioned
    ? []
    : list.numbers.filter(({ capabilities }) => capabilities.sms).map(({ phoneNumber }) => phoneNumber);
  const none = status === "pending" ? "pending" : "no-number";
  return { numbers, areShared, obstacle: numbers.length === 0 ? none : null };
}
