// The original's parts, made once per isolate: its database client, and its Twilio client per account.
import { Agent } from "node:http";
import { createClient } from "@supabase/supabase-js";
import twilio from "twilio";
import type RequestClient from "twilio/lib/base/RequestClient.js";

const setting = (name: string): string => {
  const value = Deno.env.get(name);
  if (value === undefined) throw new Error(`Cannot start: ${name} is missing`);
  return value;
};

export const PUBLIC_BASE_URL = setting("PUBLIC_BASE_URL");

export const supabase = createClient(
  setting("SUPABASE_URL"),
  JSON.parse(setting("SUPABASE_SECRET_KEYS")).default,
  { auth: { persistSession: false, autoRefreshToken: false } },
);

/** The SDK's own HTTP client, with the simulator in place of api.twilio.com. As over HTTPS, it keeps connections alive. */
class SimulatedClient extends twilio.RequestClient {
  constructor() {
    super();
    this.axios.defaults.httpAgent = new Agent({ keepAlive: true });
  }

  override request<T>(options: RequestClient.RequestOptions<T>) {
    const uri = options.uri.replace("https://api.twilio.com", setting("TWILIO_API_BASE_URL"));
    return super.request<T>({ ...options, uri });
  }
}

const httpClient = new SimulatedClient();
const clients = new Map<string, twilio.Twilio>();

export function clientOf(accountSid: string, authToken: string): twilio.Twilio {
  const known = clients.get(accountSid);
  if (known) return known;
  const client = twilio(accountSid, authToken, { httpClient });
  clients.set(accountSid, client);
  return client;
}
