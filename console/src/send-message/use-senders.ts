import { useQuery } from "@tanstack/react-query";
import { useSending } from "./provider.tsx";

/** Why the tenant cannot send, as far as it is known in advance. */
export type Obstacle = "no-number" | "no-sms" | "suspended" | "closed" | "pending";

export interface Sender {
  /** E.164. */
  phoneNumber: string;
  name: string | null;
  isPrimary: boolean;
  /** Whether it can send pictures. */
  mms: boolean;
}

export interface Senders {
  /** The numbers that can send, the primary one first. */
  numbers: Sender[];
  /** Set if the numbers are shared numbers of the platform: what that means. */
  notice: string | null;
  obstacle: Obstacle | null;
}

const SHARED = "A shared number of the platform, with narrow limits";

/** The numbers that the tenant can send from. The server makes the final decision. */
export function useSenders() {
  const { switchboard } = useSending();
  // The keys are those of the console's other screens, which refresh them.
  const list = useQuery({ queryKey: ["numbers"], queryFn: () => switchboard.listNumbers() });
  const subaccount = useQuery({ queryKey: ["subaccount"], queryFn: () => switchboard.subaccount() });
  const error = list.error ?? subaccount.error;
  const refetch = () => void Promise.all([list.refetch(), subaccount.refetch()]);
  if (list.data === undefined || subaccount.data === undefined) return { senders: undefined, error, refetch };
  return { senders: sendersOf(list.data, subaccount.data), error: null, refetch };
}

type NumberList = Awaited<ReturnType<ReturnType<typeof useSending>["switchboard"]["listNumbers"]>>;
type Subaccount = Awaited<ReturnType<ReturnType<typeof useSending>["switchboard"]["subaccount"]>>;

export function sendersOf(
  { source, notice, numbers: all }: NumberList,
  { status, provisioned }: Pick<Subaccount, "status" | "provisioned">,
): Senders {
  if (status === "suspended" || status === "closed") return { numbers: [], notice: null, obstacle: status };
  const areShared = source === "master";
  // Only tenants without a subaccount can use shared numbers; for others, the list shows them as examples.
  const usable = areShared && provisioned ? [] : all;
  const numbers = usable.filter(({ capabilities }) => capabilities.sms).map(
    ({ phoneNumber, friendlyName, isPrimary, capabilities }) => {
      return { phoneNumber, name: nameOf(friendlyName, phoneNumber), isPrimary, mms: capabilities.mms };
    },
  ).sort((a, b) => Number(b.isPrimary) - Number(a.isPrimary));
  const none = status === "pending" ? "pending" : usable.length > 0 ? "no-sms" : "no-number";
  return {
    numbers,
    notice: areShared && numbers.length > 0 ? notice ?? SHARED : null,
    obstacle: numbers.length === 0 ? none : null,
  };
}

/** Twilio names a number by its digits until the tenant names it. */
function nameOf(friendlyName: string | null, phoneNumber: string): string | null {
  if (friendlyName === null) return null;
  const digits = friendlyName.replace(/\D/g, "");
  const isNumber = digits.length >= 7 && phoneNumber.endsWith(digits) && !/[a-z]/i.test(friendlyName);
  return isNumber ? null : friendlyName;
}
