import type { StackState } from "../stack-state.ts";

/** A request that the Twilio simulator received. */
export interface SeenRequest {
  id: number;
  method: string;
  path: string;
  query: Record<string, string>;
  /** The authenticated account. Null after wrong credentials or a fault that precedes authentication. */
  account: string | null;
  form: Record<string, string | string[]>;
  /** Null if the connection was dropped. */
  status: number | null;
}

/** One attempt of the Twilio simulator to send a webhook. */
export interface SentWebhook {
  purpose: "status" | "inbound" | "usage";
  url: string;
  params: Record<string, string>;
  attempt: number;
  status: number | null;
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
  inbound(message: { from: string; to: string; body: string; mediaUrls?: string[] }): Promise<{ messageSid: string }>;
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
    requests: async (since = 0) => (await control("GET", `/requests?since=${since}`)).requests,
    webhooks: async () => (await control("GET", "/callbacks")).callbacks,
    fault: (fault) => control("POST", "/faults", fault),
    clearFaults: () => control("DELETE", "/faults"),
    configure: (settings) => control("POST", "/settings", settings),
    decide: (to, outcome) => control("POST", "/outcomes", { to, ...outcome }),
    inbound: (message) => control("POST", "/inbound", message),
  };
}
