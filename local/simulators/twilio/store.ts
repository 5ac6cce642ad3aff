import type {
  Account,
  Address,
  Bundle,
  Charge,
  Message,
  NumberPurchase,
  OptOut,
  Outcome,
  PhoneNumber,
  UsageTrigger,
} from "./records.ts";

/** The content of the state file. */
export interface StoreSnapshot {
  version: 1;
  seq: number;
  masterSid: string;
  accounts: Account[];
  numbers: PhoneNumber[];
  messages: Message[];
  purchases: NumberPurchase[];
  triggers: UsageTrigger[];
  optOuts: OptOut[];
  outcomes: [to: string, outcome: Outcome][];
  /** Absent in older files. */
  addresses?: Address[];
  bundles?: Bundle[];
  charges?: Charge[];
}

/**
 * The state of one simulator. Collections are in insertion order, which is also `seq` order. Code that changes a record
 * calls `changed()`, which updates the state file and the page.
 */
export class Store {
  readonly accounts = new Map<string, Account>();
  readonly numbers = new Map<string, PhoneNumber>();
  readonly messages = new Map<string, Message>();
  readonly triggers = new Map<string, UsageTrigger>();
  readonly outcomes = new Map<string, Outcome>();
  readonly addresses = new Map<string, Address>();
  readonly bundles = new Map<string, Bundle>();
  purchases: NumberPurchase[] = [];
  masterSid = "";
  /** The URL of the API, which begins the URLs of received media. */
  apiUrl = "https://api.twilio.com";
  /** Incremented with every change. */
  revision = 0;
  #seq = 0;
  #charges = new Map<string, Charge[]>();
  #optOuts = new Set<string>();
  #listeners = new Set<() => void>();

  nextSeq(): number {
    return ++this.#seq;
  }

  get master(): Account {
    const master = this.accounts.get(this.masterSid);
    if (!master) throw new Error("Cannot use the store: it has no master account");
    return master;
  }

  subaccountsOf(ownerSid: string): Account[] {
    return [...this.accounts.values()].filter((account) => account.ownerSid === ownerSid && account.sid !== ownerSid);
  }

  numbersOf(accountSid: string): PhoneNumber[] {
    return [...this.numbers.values()].filter((number) => number.accountSid === accountSid);
  }

  /** Returns the currency of an account, in lower case as in usage records. */
  priceUnitOf(accountSid: string): string {
    return this.accounts.get(accountSid)?.priceUnit ?? "usd";
  }

  numberHeldBy(accountSid: string, phoneNumber: string): PhoneNumber | undefined {
    return this.numbersOf(accountSid).find((number) => number.phoneNumber === phoneNumber);
  }

  ownerOf(phoneNumber: string): PhoneNumber | undefined {
    return [...this.numbers.values()].find((number) => number.phoneNumber === phoneNumber);
  }

  takenNumbers(): Set<string> {
    return new Set([...this.numbers.values()].map((number) => number.phoneNumber));
  }

  messagesOf(accountSid: string): Message[] {
    return [...this.messages.values()].filter((message) => message.accountSid === accountSid);
  }

  addCharge(charge: Charge): void {
    const charges = this.#charges.get(charge.accountSid);
    if (charges) charges.push(charge);
    else this.#charges.set(charge.accountSid, [charge]);
    this.changed();
  }

  chargesOf(accountSid: string): Charge[] {
    return this.#charges.get(accountSid) ?? [];
  }

  /** Returns the charges of a message, for a test that changes their day. */
  chargesOfMessage({ accountSid, sid }: Message): Charge[] {
    return this.chargesOf(accountSid).filter(({ messageSid }) => messageSid === sid);
  }

  purchaseOf(numberSid: string): NumberPurchase | undefined {
    return this.purchases.find(({ sid }) => sid === numberSid);
  }

  /** Removes a number from its account. Its monthly charges end. */
  release(number: PhoneNumber, at: number): void {
    this.numbers.delete(number.sid);
    const purchase = this.purchaseOf(number.sid);
    if (purchase) purchase.releasedAt = at;
    this.changed();
  }

  optOut(pair: OptOut): void {
    this.#optOuts.add(`${pair.number} ${pair.handset}`);
    this.changed();
  }

  optIn(pair: OptOut): void {
    this.#optOuts.delete(`${pair.number} ${pair.handset}`);
    this.changed();
  }

  isOptedOut(pair: OptOut): boolean {
    return this.#optOuts.has(`${pair.number} ${pair.handset}`);
  }

  optOuts(): OptOut[] {
    return [...this.#optOuts].map((key) => {
      const [number = "", handset = ""] = key.split(" ");
      return { number, handset };
    });
  }

  changed(): void {
    this.revision++;
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` after every change. Returns a function that removes the listener. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  clear(): void {
    this.load({
      version: 1,
      seq: 0,
      masterSid: "",
      accounts: [],
      numbers: [],
      messages: [],
      purchases: [],
      triggers: [],
      optOuts: [],
      outcomes: [],
    });
  }

  snapshot(): StoreSnapshot {
    return {
      version: 1,
      seq: this.#seq,
      masterSid: this.masterSid,
      accounts: [...this.accounts.values()],
      numbers: [...this.numbers.values()],
      messages: [...this.messages.values()],
      purchases: this.purchases,
      triggers: [...this.triggers.values()],
      optOuts: this.optOuts(),
      outcomes: [...this.outcomes],
      addresses: [...this.addresses.values()],
      bundles: [...this.bundles.values()],
      charges: [...this.#charges.values()].flat(),
    };
  }

  load(snapshot: StoreSnapshot): void {
    this.#seq = snapshot.seq;
    this.masterSid = snapshot.masterSid;
    refill(this.accounts, snapshot.accounts);
    refill(this.numbers, snapshot.numbers);
    refill(this.messages, snapshot.messages);
    refill(this.triggers, snapshot.triggers);
    refill(this.addresses, snapshot.addresses ?? []);
    refill(this.bundles, snapshot.bundles ?? []);
    this.#charges = Map.groupBy(snapshot.charges ?? [], ({ accountSid }) => accountSid);
    this.purchases = [...snapshot.purchases];
    this.#optOuts = new Set(snapshot.optOuts.map(({ number, handset }) => `${number} ${handset}`));
    this.outcomes.clear();
    for (const [to, outcome] of snapshot.outcomes) this.outcomes.set(to, outcome);
    this.changed();
  }
}

function refill<T extends { sid: string }>(collection: Map<string, T>, records: T[]): void {
  collection.clear();
  for (const record of records) collection.set(record.sid, record);
}
