import type { StackState } from "../stack-state.ts";
import { journalReader } from "./journal-reader.ts";

/** A request that the Twilio simulator received. */
export interface SeenRequest {
  id: number;
  method: string;
  path: string;
  query: Record<string, string>;
  /** The authenticated account. Null after wrong credentials or a fault that precedes authentication. */
  account: string | null;
  form: Record<string, string | string[]>;
  /** Null while the request is in progress, and if the connection was dropped. */
  status: number | null;
  dropped: boolean;
}

/** One attempt of the Twilio simulator to send a webhook. */
export interface SentWebhook {
  purpose: "status" | "inbound" | "usage";
  url: string;
  params: Record<string, string>;
  attempt: number;
  status: number | null;
}

/** A file that a handset sends, with its bytes in base64. */
export interface ReceivedFile {
  contentType: string;
  content: string;
}

/** The Twilio API with the credentials of the master account, and the controls of the simulator. */
export interface TwilioSide {
  // deno-lint-ignore no-explicit-any -- each caller asserts the fields it needs of Twilio's JSON
  get(path: string): Promise<any>;
  accountsNamed(friendlyName: string): Promise<{ sid: string; status: string; friendly_name: string }[]>;
  /** The messages of an account, newest first. */
  // deno-lint-ignore no-explicit-any -- as above
  messagesOf(accountSid: string): Promise<any[]>;
  // deno-lint-ignore no-explicit-any -- as above
  numbersOf(accountSid: string): Promise<any[]>;
  post(path: string, form: Record<string, string>): Promise<Response>;
  /** Suspends, reactivates or closes an account, as the Twilio console can. */
  setStatus(accountSid: string, status: "active" | "suspended" | "closed"): Promise<void>;
  /** Creates an address in an account, and returns its SID. */
  address(accountSid: string, isoCountry: string): Promise<string>;
  /** Creates a regulatory bundle in an account, approved unless it has another status, and returns its SID. */
  bundle(accountSid: string, isoCountry: string, status?: string): Promise<string>;
  /** The requests that the API received, oldest first. With `since`, only those after the request with that id. */
  requests(since?: number): Promise<SeenRequest[]>;
  webhooks(): Promise<SentWebhook[]>;
  fault(fault: Record<string, unknown>): Promise<void>;
  clearFaults(): Promise<void>;
  /** Changes settings of the simulator, such as `maxSubaccounts`. */
  configure(settings: Record<string, unknown>): Promise<void>;
  /** Sets the final status of messages to a number. Default: delivered. */
  decide(
    to: string,
    outcome: { status: "sent" | "delivered" | "undelivered" | "failed"; errorCode?: number },
  ): Promise<void>;
  inbound(message: { from: string; to: string; body: string; media?: ReceivedFile[] }): Promise<{ messageSid: string }>;
  /** The usage triggers of an account, newest first. */
  // deno-lint-ignore no-explicit-any -- as above
  triggersOf(accountSid: string): Promise<any[]>;
  /**
   * The prices of an account's usage on a day (`YYYY-MM-DD`, GMT) without subaccounts, by category. Only categories that
   * are not zero.
   */
  usageOn(accountSid: string, day: string): Promise<Record<string, string>>;
  /** Charges an account: an unknown category, a correction, a late change or an unexplained `totalprice`. */
  charge(charge: UsageCharge): Promise<void>;
  /** Adds a message of a past day with its charges, as if another program had sent or received it. */
  // deno-lint-ignore no-explicit-any -- as above
  oldMessage(message: OldMessage): Promise<any>;
  /** Moves a message with its charges to another time, or changes its price but no charge. */
  changeMessage(sid: string, changes: { at?: string; price?: string | null }): Promise<void>;
  /** Changes when a number was bought, and with it all of its monthly charges. */
  boughtAt(phoneSid: string, at: string): Promise<void>;
  /** Changes the day from which an account exists, or its currency (`eur`). */
  changeAccount(accountSid: string, changes: { createdAt?: string; priceUnit?: string }): Promise<void>;
  /** Releases a number, as the Twilio console can. */
  release(accountSid: string, phoneSid: string): Promise<void>;
  /** Lets days pass: moves all accounts, messages, purchases and charges into the past. */
  passDays(days: number): Promise<void>;
  /** Evaluates the usage triggers now. Returns the SIDs of those that fired, after their callbacks were answered. */
  evaluateTriggers(): Promise<string[]>;
}

/** A charge of `at`, a day or a time. `visibleInMs`: how long usage does not show it. */
export interface UsageCharge {
  accountSid: string;
  category: string;
  at: string;
  price: string;
  count?: number;
  usage?: number;
  visibleInMs?: number;
}

/** A message of `at`, a day or a time. `price`: null if it is not priced yet, by default what the simulator charges. */
export interface OldMessage {
  accountSid: string;
  from: string;
  to: string;
  at: string;
  direction?: "inbound" | "outbound-api" | "outbound-reply";
  body?: string;
  mediaUrls?: string[];
  status?: "sent" | "delivered" | "undelivered" | "failed" | "received";
  errorCode?: number;
  price?: string | null;
  /** How long usage does not show it. */
  visibleInMs?: number;
}

/** Returns the Twilio API and controls of a stack's simulator. For a simulator in this process, pass its `fetch`. */
export function twilioSide({ twilio }: Pick<StackState, "twilio">, fetch = globalThis.fetch): TwilioSide {
  const authorization = `Basic ${btoa(`${twilio.accountSid}:${twilio.authToken}`)}`;
  const api = (path: string) => `${twilio.url}/2010-04-01${path}`;
  const post = (path: string, form: Record<string, string>) =>
    fetch(api(path), { method: "POST", headers: { authorization }, body: new URLSearchParams(form) });
  async function get(path: string) {
    const response = await fetch(api(path), { headers: { authorization } });
    const body = await response.json();
    if (!response.ok) throw new Error(`Twilio answered ${response.status} to GET ${path}: ${body.message}`);
    return body;
  }
  async function control(method: string, path: string, body?: unknown) {
    const response = await fetch(`${twilio.url}/_sim${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`The Twilio simulator answered ${response.status} to ${method} ${path}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }
  return {
    get,
    post,
    accountsNamed: async (friendlyName) =>
      (await get(`/Accounts.json?PageSize=1000&FriendlyName=${encodeURIComponent(friendlyName)}`)).accounts,
    messagesOf: async (accountSid) => (await get(`/Accounts/${accountSid}/Messages.json?PageSize=1000`)).messages,
    numbersOf: async (accountSid) =>
      (await get(`/Accounts/${accountSid}/IncomingPhoneNumbers.json?PageSize=1000`)).incoming_phone_numbers,
    async setStatus(accountSid, status) {
      const response = await post(`/Accounts/${accountSid}.json`, { Status: status });
      const text = await response.text();
      if (!response.ok) throw new Error(`Cannot set account "${accountSid}" to ${status}: ${text}`);
    },
    async address(accountSid, isoCountry) {
      const response = await post(`/Accounts/${accountSid}/Addresses.json`, {
        ...{ CustomerName: "Ada", Street: "1 Main St", City: "Springfield", Region: "N/A", PostalCode: "12345" },
        IsoCountry: isoCountry,
      });
      const { sid, message } = await response.json();
      if (!response.ok) throw new Error(`Cannot create an address in account "${accountSid}": ${message}`);
      return sid;
    },
    bundle: async (accountSid, isoCountry, status = "twilio-approved") =>
      (await control("POST", "/bundles", { accountSid, isoCountry, status })).sid,
    requests: journalReader<SeenRequest>(async (since) => {
      const { requests, cleared } = await control("GET", `/requests?since=${since}`);
      return { entries: requests, cleared };
    }),
    webhooks: async () => (await control("GET", "/callbacks")).callbacks,
    fault: (fault) => control("POST", "/faults", fault),
    clearFaults: () => control("DELETE", "/faults"),
    configure: (settings) => control("POST", "/settings", settings),
    decide: (to, outcome) => control("POST", "/outcomes", { to, ...outcome }),
    inbound: (message) => control("POST", "/inbound", message),
    triggersOf: async (accountSid) =>
      (await get(`/Accounts/${accountSid}/Usage/Triggers.json?PageSize=1000`)).usage_triggers,
    async usageOn(accountSid, day) {
      const { usage_records } = await get(
        `/Accounts/${accountSid}/Usage/Records/Daily.json` +
          `?StartDate=${day}&EndDate=${day}&IncludeSubaccounts=false&PageSize=1000`,
      );
      const prices: [string, string][] = usage_records.map((row: Record<string, string>) => [row.category, row.price]);
      return Object.fromEntries(prices.filter(([, price]) => Number(price) !== 0));
    },
    charge: (charge) => control("POST", "/charges", charge),
    oldMessage: (message) => control("POST", "/messages", message),
    changeMessage: (sid, changes) => control("POST", "/messages", { sid, ...changes }),
    boughtAt: (sid, at) => control("POST", "/purchases", { sid, at }),
    changeAccount: (sid, changes) => control("POST", "/accounts", { sid, ...changes }),
    async release(accountSid, phoneSid) {
      const path = `/Accounts/${accountSid}/IncomingPhoneNumbers/${phoneSid}.json`;
      const response = await fetch(api(path), { method: "DELETE", headers: { authorization } });
      if (response.status !== 204) throw new Error(`Cannot release ${phoneSid}: ${await response.text()}`);
    },
    passDays: (days) => control("POST", "/days", { days }),
    evaluateTriggers: async () => (await control("POST", "/triggers/evaluate")).fired,
  };
}
