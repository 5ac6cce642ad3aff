/** A trigger as an account should have it. */
export interface WantedTrigger {
  /** What Twilio charges in a GMT month when it fires, with two decimals. */
  value: string;
  callbackUrl: string;
}

/** A trigger in Twilio's list. */
export interface FoundTrigger {
  sid: string;
  friendlyName: string;
  usageCategory: string;
  triggerBy: string;
  recurring: string;
  triggerValue: string;
  callbackUrl: string;
  callbackMethod: string;
  createdAt: number;
}

export type TriggerStep =
  | { do: "create"; friendlyName: string; value: string; callbackUrl: string }
  | { do: "update"; sid: string; callbackUrl: string }
  | { do: "delete"; sid: string };

/** What Twilio cannot change in a trigger, except its value. */
export const TRIGGER = { usageCategory: "totalprice", triggerBy: "price", recurring: "monthly" } as const;

const PREFIX = "switchboard:usage:";
/** Raise it when triggers must be replaced although their kind and value stay. */
const VERSION = 1;

/** The name of the trigger with a value, by which it is found again: its kind, value and version. At most 64 characters. */
export function triggerName(value: string): string {
  return `${PREFIX}${TRIGGER.usageCategory}:${TRIGGER.recurring}:${value}:v${VERSION}`;
}

/** Whether a trigger is one of ours, of any value and version. Others are never changed. */
export function isOurs({ friendlyName }: Pick<FoundTrigger, "friendlyName">): boolean {
  return friendlyName.startsWith(PREFIX);
}

/**
 * The trigger that is kept: the oldest with the wanted name and contents, so that two callers choose the same; null if there
 * is none.
 */
export function keptTrigger(wanted: WantedTrigger, found: readonly FoundTrigger[]): FoundTrigger | null {
  const fitting = found.filter((trigger) => fits(trigger, wanted));
  const [oldest] = fitting.sort((left, right) => left.createdAt - right.createdAt || (left.sid < right.sid ? -1 : 1));
  return oldest ?? null;
}

/**
 * The steps that leave an account with exactly the wanted trigger among ours. Pure, and empty exactly when nothing differs. A
 * value cannot be changed, so another one is created before the old trigger is deleted: the account is never without.
 */
export function planTriggers(wanted: WantedTrigger, found: readonly FoundTrigger[]): TriggerStep[] {
  const kept = keptTrigger(wanted, found);
  const surplus = found.filter((trigger) => isOurs(trigger) && trigger.sid !== kept?.sid);
  return [...stepsFor(kept, wanted), ...surplus.map(({ sid }): TriggerStep => ({ do: "delete", sid }))];
}

function stepsFor(kept: FoundTrigger | null, { value, callbackUrl }: WantedTrigger): TriggerStep[] {
  if (kept === null) return [{ do: "create", friendlyName: triggerName(value), value, callbackUrl }];
  if (kept.callbackUrl === callbackUrl && kept.callbackMethod === "POST") return [];
  return [{ do: "update", sid: kept.sid, callbackUrl }];
}

/** Our name on a trigger of other contents, such as one that was made by hand, does not make it the wanted one. */
function fits(trigger: FoundTrigger, { value }: WantedTrigger): boolean {
  return trigger.friendlyName === triggerName(value) && Number(trigger.triggerValue) === Number(value) &&
    trigger.usageCategory === TRIGGER.usageCategory && trigger.triggerBy === TRIGGER.triggerBy &&
    trigger.recurring === TRIGGER.recurring;
}
