import { statusOf } from "./account-status.ts";
import { friendlyNumber } from "./number-inventory.ts";
import type { Account, AccountStatus, Message, PhoneNumber } from "./records.ts";
import type { Simulation } from "./simulation.ts";

/** One text on a phone. */
interface PhoneText {
  sid: string;
  /** Whether this phone sent the text. */
  mine: boolean;
  body: string;
  mediaUrls: string[];
  status: string;
  error: number | null;
  at: string;
}

interface PhoneThread {
  with: string;
  friendlyWith: string;
  /** The name of the other number; null for a handset. */
  ownerWith: string | null;
  texts: PhoneText[];
}

interface Phone {
  kind: "twilio" | "handset";
  number: string;
  friendlyNumber: string;
  /** The name that the number was given, or the name of its account; null for a handset. */
  owner: string | null;
  accountStatus: AccountStatus | null;
  threads: PhoneThread[];
}

/**
 * Returns the phones of the page with their threads, sorted by latest activity: one per number on Twilio, and one per
 * handset that sent or received a text. The result contains no tokens.
 */
export function phonesOf(simulation: Simulation): { revision: number; phones: Phone[] } {
  const { store } = simulation;
  const texts = [...store.messages.values()];
  const owners = new Map(
    [...store.numbers.values()].map((
      number,
    ) => [number.phoneNumber, nameOf(number, store.accounts.get(number.accountSid))]),
  );
  const twilio = [...store.numbers.values()].map((number): Phone => {
    const account = store.accounts.get(number.accountSid);
    const own = texts.filter((message) => message.accountSid === number.accountSid);
    return {
      ...phone("twilio", number.phoneNumber, own, owners),
      owner: nameOf(number, account),
      accountStatus: account ? statusOf(simulation, account) : null,
    };
  });
  const handsets = new Set(texts.map((message) => message.direction === "inbound" ? message.from : message.to));
  const others = [...handsets].filter((number) => !owners.has(number)).map((number) =>
    phone("handset", number, texts, owners)
  );
  return { revision: store.revision, phones: [...twilio, ...others].sort(byLatestActivity) };
}

/** The name of a number's phone. A tenant's account is named after the id of its user, which says little to a reader. */
function nameOf({ friendlyName, phoneNumber, accountSid }: PhoneNumber, account: Account | undefined): string {
  const isNamed = friendlyName !== phoneNumber && friendlyName !== friendlyNumber(phoneNumber);
  if (isNamed && friendlyName !== "") return friendlyName;
  return account?.friendlyName.replace(/^switchboard:([\da-f]{8})-[\da-f-]{27}$/, "Tenant $1") ?? accountSid;
}

function phone(
  kind: Phone["kind"],
  number: string,
  messages: Message[],
  owners: ReadonlyMap<string, string>,
): Phone {
  const threads = new Map<string, PhoneThread>();
  for (const message of messages) {
    if (message.from !== number && message.to !== number) continue;
    const other = message.from === number ? message.to : message.from;
    const thread: PhoneThread = threads.get(other) ??
      { with: other, friendlyWith: friendlyNumber(other), ownerWith: owners.get(other) ?? null, texts: [] };
    thread.texts.push(phoneText(message, number));
    threads.set(other, thread);
  }
  return {
    ...{ kind, number, friendlyNumber: friendlyNumber(number), owner: null, accountStatus: null },
    threads: [...threads.values()].sort((left, right) => lastAt(right).localeCompare(lastAt(left))),
  };
}

function phoneText(message: Message, number: string): PhoneText {
  return {
    sid: message.sid,
    mine: message.from === number,
    body: message.body,
    mediaUrls: message.media.map(({ sid, url, content }) => content === null ? url : `_sim/media?sid=${sid}`),
    status: message.status,
    error: message.errorCode,
    at: new Date(message.createdAt).toISOString(),
  };
}

function byLatestActivity(left: Phone, right: Phone): number {
  return (right.threads[0] ? lastAt(right.threads[0]) : "").localeCompare(
    left.threads[0] ? lastAt(left.threads[0]) : "",
  );
}

function lastAt(thread: PhoneThread): string {
  return thread.texts.at(-1)?.at ?? "";
}
