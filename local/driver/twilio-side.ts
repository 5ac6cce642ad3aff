import type { StackState } from "../stack-state.ts";

/** A request the Twilio simulator saw. */
export interface SeenRequest {
  id: number;
  method: string;
  path: string;
  query: Record<string, string>;
  /** Whose credentials were right; null where they were not, or a fault came first. */
  account: string | null;
  form: Record<string, string | string[]>;
  /** Null where the connection was dropped. */
  status: number | null;
}

/** A webhook the Twilio simulator sent, one attempt. */
export interface SentWebhook {
  purpose: "status" | "inbound" | "usage";
  url: string;
  params: Record<string, string>;
  attempt: number;
  status: number | null;
}

/** Twilio as its owner sees it, over its own API with the master's credentials, and the simulator's controls. */
export interface TwilioSide {
  // deno-lint-ignore no-explicit-any -- Twilio's JSON, of which each reader asserts what it needs
  get(path: string): Promise<any>;
  accountsNamed(friendlyName: string): Promise<{ sid: string; status: string; friendly_name: string }[]>;
  /** The messages an account has at Twilio, newest first. */
  // deno-lint-ignore no-explicit-any -- as above
  messagesOf(accountSid: string): Promise<any[]>;
  // deno-lint-ignore no-explicit-any -- as above
  numbersOf(accountSid: string): Promise<any[]>;
  post(path: string, form: Record<string, string>): Promise<Response>;
  /** Suspends, resumes or closes an account by hand, as in Twilio's console. */
  setStatus(accountSid: string, status: "active" | "suspended" | "closed"): Promise<void>;
  /** What reached the API, oldest first; only what came after request `since`, where given. */
  requests(since?: number): Promise<SeenRequest[]>;
  webhooks(): Promise<SentWebhook[]>;
  fault(fault: Record<string, unknown>): Promise<void>;
  clearFaults(): Promise<void>;
  /** Changes settings of the simulator, such as `maxSubaccounts`. */
  configure(settings: Record<string, unknown>): Promise<void>;
  /** Decides how messages to a number end; delivered otherwise. */
  decide(
    to: string,
    outcome: { status: "sent" | "delivered" | "undelivered" | "failed"; errorCode?: number },
  ): Promise<void>;
  inbound(message: { from: string; to: string; body: string; mediaUrls?: string[] }): Promise<{ messageSid: string }>;
}

/** The Twilio simulator of a running stack; `fetch` may be that of a simulator in this process. */
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
      if (!response.ok) throw new Error(`Twilio does not make "${accountSid}" ${status}: ${text}`);
    },
    requests: async (since = 0) => (await control("GET", `/requests?since=${since}`)).requests,
    webhooks: async () => (await control("GET", "/callbacks")).callbacks,
    fault: (fault) => control("POST", "/faults", fault),
    clearFaults: () => control("DELETE", "/faults"),
    configure: (settings) => control("POST", "/settings", settings),
    decide: (to, outcome) => control("POST", "/outcomes", { to, ...outcome }),
    inbound: (message) => control("POST", "/inbound", message),
  };
}
