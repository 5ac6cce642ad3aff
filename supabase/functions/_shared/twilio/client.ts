import type { AccountContext, AccountListInstance } from "twilio/lib/rest/api/v2010/account.js";
import type { TriggerListInstance } from "twilio/lib/rest/api/v2010/account/usage/trigger.js";
import type V2010 from "twilio/lib/rest/api/V2010.js";
import domain from "twilio/lib/base/Domain.js";
import version from "twilio/lib/base/Version.js";
import { AvailablePhoneNumberCountryListInstance } from "twilio/lib/rest/api/v2010/account/availablePhoneNumberCountry.js";
import { IncomingPhoneNumberListInstance } from "twilio/lib/rest/api/v2010/account/incomingPhoneNumber.js";
import { MessageListInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import type { DailyListInstance } from "twilio/lib/rest/api/v2010/account/usage/record/daily.js";
import { type TwilioCredentials, twilioHttp, type TwilioHttpOptions } from "./http.ts";

// These files are CommonJS: their default export is the property `default` of the import.
const Domain = domain.default;
const Version = version.default;

/** One account's view of Twilio's v2010 API: the resources of the SDK that functions use. */
export interface Twilio {
  /** What belongs to the account itself. */
  readonly account: {
    readonly messages: MessageListInstance;
    readonly incomingPhoneNumbers: IncomingPhoneNumberListInstance;
    readonly availablePhoneNumbers: AvailablePhoneNumberCountryListInstance;
  };
  /** The messages of the account or of one of its subaccounts, also of one that is suspended. */
  messagesOf(accountSid: string): MessageListInstance;
  /** The numbers of the account or of one of its subaccounts. */
  numbersOf(accountSid: string): IncomingPhoneNumberListInstance;
  /** The usage triggers of the account or of one of its subaccounts. */
  usageTriggersOf(accountSid: string): Promise<TriggerListInstance>;
  /** The account and its subaccounts. */
  accounts(): Promise<Accounts>;
  /** The daily usage of the account or of one of its subaccounts, also of a suspended one. */
  dailyUsageOf(accountSid: string): Promise<DailyUsage>;
}

export type DailyUsage = Pick<DailyListInstance, "page">;

/** Without the resources below an account: bundles do not contain them (see local/bundle/bundle.ts). */
export interface Accounts extends Pick<AccountListInstance, "create" | "list" | "page" | "getPage"> {
  (sid: string): Pick<AccountContext, "fetch" | "update">;
}

export interface TwilioOptions extends TwilioCredentials, TwilioHttpOptions {
  /** `https://api.twilio.com`, a region of it, or the simulator. */
  apiBaseUrl: string;
}

/**
 * The typed v2010 resources of the official SDK over our own HTTP, without the 8 MB of everything else it ships
 * (see docs/decisions.md, "Functions import Twilio's SDK in part").
 */
export function createTwilio(options: TwilioOptions): Twilio {
  const v2010 = versionAt(options.apiBaseUrl, "2010-04-01", options) as V2010.default;
  const messagesOf = (accountSid: string) => MessageListInstance(v2010, accountSid);
  const numbersOf = (accountSid: string) => IncomingPhoneNumberListInstance(v2010, accountSid);
  return {
    account: {
      messages: messagesOf(options.accountSid),
      incomingPhoneNumbers: numbersOf(options.accountSid),
      availablePhoneNumbers: AvailablePhoneNumberCountryListInstance(v2010, options.accountSid),
    },
    messagesOf,
    numbersOf,
    async usageTriggersOf(accountSid) {
      // On first use, because only one job needs it.
      const { TriggerListInstance } = await import("twilio/lib/rest/api/v2010/account/usage/trigger.js");
      return TriggerListInstance(v2010, accountSid);
    },
    async accounts() {
      // On first use, because in the SDK this file loads every resource below an account.
      const { AccountListInstance } = await import("twilio/lib/rest/api/v2010/account.js");
      return AccountListInstance(v2010);
    },
    async dailyUsageOf(accountSid) {
      const { DailyListInstance } = await import("twilio/lib/rest/api/v2010/account/usage/record/daily.js");
      return DailyListInstance(v2010, accountSid);
    },
  };
}

/** One version of the API on one of Twilio's hosts, which the SDK's resources send their requests through. */
export function versionAt(
  baseUrl: string,
  name: string,
  options: TwilioCredentials & TwilioHttpOptions,
): InstanceType<typeof Version> {
  const request = twilioHttp(options, options);
  // The SDK uses only these two members, although the type is the whole Twilio class.
  const client = { request, accountSid: options.accountSid } as unknown as ConstructorParameters<typeof Domain>[0];
  return new Version(new Domain(client, baseUrl), name);
}
