import type twilio from "twilio";
import { startTwilioSimulator, type TwilioSimulatorOptions } from "../../../local/simulators/twilio/mod.ts";
import { sdkFor } from "./sdk-client.ts";

/** A simulator for one test, with the SDK as its master account. */
export interface Fixture extends AsyncDisposable {
  url: string;
  accountSid: string;
  authToken: string;
  master: twilio.Twilio;
  /** The SDK as any other account. */
  as(accountSid: string, authToken: string): twilio.Twilio;
  /** A new subaccount and the SDK as that subaccount. */
  subaccount(friendlyName: string): Promise<{ sid: string; authToken: string; client: twilio.Twilio }>;
  /** Calls `/_sim/<path>` with JSON. Throws unless the response is a success. */
  sim<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T>;
}

const QUICK = { sentMs: 10, deliveredMs: 30, priceMs: 50 };

export async function startFixture(options: TwilioSimulatorOptions = {}): Promise<Fixture> {
  const simulator = await startTwilioSimulator({ lifecycle: QUICK, ...options });
  const { url, accountSid, authToken } = simulator;
  const master = sdkFor(simulator, accountSid, authToken);
  return {
    ...{ url, accountSid, authToken, master },
    as: (sid, token) => sdkFor(simulator, sid, token),
    async subaccount(friendlyName) {
      const account = await master.api.v2010.accounts.create({ friendlyName });
      return {
        sid: account.sid,
        authToken: account.authToken,
        client: sdkFor(simulator, account.sid, account.authToken),
      };
    },
    sim: (method, path, body) => callSim(url, method, path, body),
    [Symbol.asyncDispose]: () => simulator.stop(),
  };
}

async function callSim<T>(url: string, method: string, path: string, body: unknown): Promise<T> {
  const response = await fetch(`${url}/_sim/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} /_sim/${path} answered ${response.status}: ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
