import domain from "twilio/lib/base/Domain.js";
import v2010 from "twilio/lib/rest/api/V2010.js";
import { type TwilioCredentials, twilioHttp, type TwilioHttpOptions } from "./http.ts";

// These files are CommonJS: their default export is the property `default` of the import.
const Domain = domain.default;
const V2010 = v2010.default;

/** One account's view of Twilio's v2010 API: `account` is the account itself, `accounts` it and its subaccounts. */
export type Twilio = InstanceType<typeof V2010>;

export interface TwilioOptions extends TwilioCredentials, TwilioHttpOptions {
  /** `https://api.twilio.com`, a region of it, or the simulator. */
  apiBaseUrl: string;
}

/**
 * The typed v2010 resources of the official SDK over our own HTTP, without the 8 MB of everything else it ships
 * (see docs/decisions.md, "Twilio's SDK in part").
 */
export function createTwilio(options: TwilioOptions): Twilio {
  return new V2010(domainAt(options.apiBaseUrl, options) as ConstructorParameters<typeof V2010>[0]);
}

/** The object for one of Twilio's hosts that the SDK's resources expect. */
export function domainAt(baseUrl: string, options: TwilioCredentials & TwilioHttpOptions): InstanceType<typeof Domain> {
  const request = twilioHttp(options, options);
  // The SDK uses only these two members, although the type is the whole Twilio class.
  const client = { request, accountSid: options.accountSid } as unknown as ConstructorParameters<typeof Domain>[0];
  return new Domain(client, baseUrl);
}
