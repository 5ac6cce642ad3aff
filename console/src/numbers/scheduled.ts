import type { ScheduledNumberChange } from "../../../client/switchboard.ts";
import { longDate } from "../platform/dates.ts";
import type { WayOut } from "./buying.ts";

export interface Scheduled {
  text: string;
  color: "red" | "yellow";
  wayOut: WayOut;
}

/** What happens to a number by itself, and how to avert it. */
export function scheduledInWords({ change, at }: ScheduledNumberChange, now: Date): Scheduled {
  const date = longDate(at);
  switch (change) {
    case "release":
      return { text: `Released on ${date}. Subscribe again to keep it`, color: "red", wayOut: "subscribe" };
    case "park":
      return {
        text: `Leaves your account on ${date} and is kept for you for a time. Subscribe again to keep using it`,
        color: "red",
        wayOut: "subscribe",
      };
    case "parked_until":
      return { text: `Kept for you until ${date}. Subscribe again to get it back`, color: "red", wayOut: "subscribe" };
    case "sending_ends": {
      const text = Date.parse(at) > now.getTime()
        ? `You can send from it until ${date}, then it only receives.`
        : `It only receives since ${date}.`;
      return {
        text: `${text} Choose a plan with more numbers, or release another number`,
        color: "yellow",
        wayOut: "larger-plan",
      };
    }
  }
}
