import accountsV1 from "twilio/lib/rest/accounts/V1.js";
import { domainAt, type TwilioOptions } from "./client.ts";
import { productBaseUrl } from "./product-url.ts";

const AccountsV1 = accountsV1.default;

/** The tokens of one account. Only the account itself can change them. Errors are as in errors.ts. */
export interface AuthTokens {
  /** Creates a secondary token, which is valid in addition to the primary one, and returns it. */
  createSecondary(): Promise<string>;
  /** Deletes the secondary token; 404 if there is none. */
  deleteSecondary(): Promise<void>;
  /** Makes the secondary token the primary one. The previous primary token stops working at once. 404 without a secondary token. */
  promote(): Promise<void>;
}

/**
 * Twilio's AuthTokens as the account in `options`.
 * Source: https://www.twilio.com/docs/iam/api/authtoken
 */
export function authTokens(options: TwilioOptions): AuthTokens {
  const domain = domainAt(productBaseUrl("accounts", options.apiBaseUrl), options);
  const v1 = new AccountsV1(domain as ConstructorParameters<typeof AccountsV1>[0]);
  return {
    createSecondary: async () => (await v1.secondaryAuthToken().create()).secondaryAuthToken,
    deleteSecondary: async () => {
      await v1.secondaryAuthToken().remove();
    },
    promote: async () => {
      await v1.authTokenPromotion().update();
    },
  };
}
