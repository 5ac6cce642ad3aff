import { longDate } from "../platform/dates.ts";

/** A row of `tenant_notices`, as far as the console shows it. */
export interface Notice {
  id: string;
  kind: "usage.threshold" | "number.release_scheduled" | "number.sending_ends";
  details: unknown;
}

export interface ShownNotice {
  id: string;
  color: "yellow" | "red";
  text: string;
}

interface Details {
  percent?: number;
  limit?: number;
  used?: number;
  periodEnd?: string;
  phoneNumber?: string;
  action?: string;
  at?: string;
}

/** The notices that still matter, in the order of `notices`. At 100 % of the spend limit, that of 80 % is left out. */
export function currentNotices(notices: readonly Notice[], now: Date): ShownNotice[] {
  const current = notices.filter(({ details }) => {
    const { periodEnd, at } = details as Details;
    const until = periodEnd ?? at;
    return until !== undefined && Date.parse(until) > now.getTime();
  });
  const isReached = current.some(({ kind, details }) => {
    return kind === "usage.threshold" && (details as Details).percent === 100;
  });
  return current
    .filter(({ kind, details }) => kind !== "usage.threshold" || (details as Details).percent === 100 || !isReached)
    .map(({ id, kind, details }) => ({ id, ...shown(kind, details as Details) }));
}

function shown(kind: Notice["kind"], details: Details): Omit<ShownNotice, "id"> {
  const { percent, limit, used, periodEnd, phoneNumber, action, at } = details;
  switch (kind) {
    case "usage.threshold":
      return percent === 100
        ? {
          color: "red",
          text: `Your spend limit of ${limit} is reached. What does not fit is refused until ${
            longDate(periodEnd!)
          }. A larger plan raises the limit`,
        }
        : {
          color: "yellow",
          text: `${used} of your spend limit of ${limit} are used. It resets on ${longDate(periodEnd!)}`,
        };
    case "number.release_scheduled":
      return {
        color: "red",
        text: action === "park"
          ? `${phoneNumber} leaves your account on ${longDate(at!)} and is released later. Subscribe again to keep it`
          : `${phoneNumber} is released on ${longDate(at!)}. Subscribe again to keep it`,
      };
    case "number.sending_ends":
      return {
        color: "yellow",
        text: `${phoneNumber} only receives from ${
          longDate(at!)
        } on. Change to a plan with more numbers, or release another number`,
      };
  }
}
