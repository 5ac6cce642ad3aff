import type V1 from "twilio/lib/rest/accounts/V1.js";
import { AuthTokenPromotionListInstance } from "twilio/lib/rest/accounts/v1/authTokenPromotion.js";
import { SecondaryAuthTokenListInstance } from "twilio/lib/rest/accounts/v1/secondaryAuthToken.js";
import { type TwilioOptions, versionAt } from "./client.ts";
import { productBaseUrl } from "./product-url.ts";

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
  const v1 = versionAt(productBaseUrl("accounts", options.apiBaseUrl), "v1", options) as V1.default;
  const secondary = SecondaryAuthTokenListInstance(v1)();
  const promotion = AuthTokenPromotionListInstance(v1)();
  return {
    createSecondary: async () => (await secondary.create()).secondaryAuthToken,
    deleteSecondary: async () => {
      await secondary.remove();
    },
    promote: async () => {
      await promotion.update();
    },
  };
}
