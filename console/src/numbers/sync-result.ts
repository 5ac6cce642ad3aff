import type { NumberChange, NumberSync } from "../../../client/switchboard.ts";
import { readable } from "../phone/phone-format.ts";

/** What a comparison with Twilio found. */
export interface SyncResult {
  /** `1 number added, 2 unchanged` */
  summary: string;
  /** A sentence for each change. */
  changes: string[];
}

const SENTENCES: Readonly<Record<NumberChange["change"], (number: string) => string>> = {
  appeared: (number) => `${number} was added: it is in your account at Twilio`,
  released: (number) => `${number} was removed: it is no longer in your account at Twilio`,
  changed: (number) => `${number} has the name and the capabilities that it has at Twilio`,
  repaired: (number) => `${number} was set up again to receive messages here`,
};

/** Describes what a comparison with Twilio found. Each number counts once. */
export function resultOfSync({ numbers, changes }: NumberSync): SyncResult {
  const of = (...kinds: NumberChange["change"][]) =>
    new Set(changes.filter(({ change }) => kinds.includes(change)).map(({ phoneNumber }) => phoneNumber));
  const [added, removed] = [of("appeared"), of("released")];
  const updated = [...of("changed", "repaired")].filter((number) => !added.has(number) && !removed.has(number));
  const listed = new Set(numbers.map(({ phoneNumber }) => phoneNumber));
  const unchanged = [...listed].filter((number) => !added.has(number) && !updated.includes(number)).length;
  const counted: [number, string][] = [
    [added.size, "added"],
    [removed.size, "removed"],
    [updated.length, "updated"],
    [unchanged, "unchanged"],
  ];
  const parts = counted.filter(([count]) => count > 0);
  const summary = parts.map(([count, word], index) =>
    index === 0 ? `${count} ${count === 1 ? "number" : "numbers"} ${word}` : `${count} ${word}`
  ).join(", ");
  return {
    summary: summary === "" ? "You have no numbers, here or at Twilio" : summary,
    changes: changes.map(({ change, phoneNumber }) => SENTENCES[change](readable(phoneNumber))),
  };
}
