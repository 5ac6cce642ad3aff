import type { Health } from "../../../../client/switchboard.ts";
import { numbered } from "../health/words.ts";

type Sweep = NonNullable<Health["sweep"]>;

/** A sweep runs every hour: an older one says that jobs do not run. */
export const OLD_AFTER_SECONDS = 2 * 3_600;

/** What a sweep found, in the order in which an operator reads it. */
export const FINDINGS: readonly { of: (sweep: Sweep) => number; label: string; meaning: string; isFault: boolean }[] = [
  {
    of: ({ accounts }) => accounts,
    label: "Accounts at Twilio",
    meaning: "All below the main account.",
    isFault: false,
  },
  {
    of: ({ openAccounts }) => openAccounts,
    label: "Open",
    meaning: "Active or suspended. Closed ones do not count against the limit.",
    isFault: false,
  },
  {
    of: ({ mismatches }) => mismatches,
    label: "Mismatches",
    meaning:
      "Accounts whose status or tenant differs from what is stored. Each tenant is compared and repaired by a job.",
    isFault: true,
  },
  {
    of: ({ missing }) => missing,
    label: "Missing",
    meaning: "Of the mismatches, accounts that are stored as open and that Twilio did not list: closed long ago.",
    isFault: true,
  },
  {
    of: ({ strangers }) => strangers,
    label: "Strangers",
    meaning:
      "Accounts with a name of Switchboard's form whose user is unknown here, perhaps of another installation. They are never changed.",
    isFault: true,
  },
];

/** The result in a sentence. */
export function sweepInWords(sweep: Sweep): string {
  const { accounts, mismatches, strangers } = sweep;
  const found = numbered(accounts, "account");
  if (mismatches === 0 && strangers === 0) return `${found} compared: all match`;
  const parts = [
    mismatches > 0
      ? `${numbered(mismatches, "differs", "differ")} and ${mismatches === 1 ? "is" : "are"} being repaired`
      : null,
    strangers > 0 ? `${numbered(strangers, "is a stranger", "are strangers")}` : null,
  ];
  return `${found} compared: ${parts.filter((part) => part !== null).join(", ")}`;
}
