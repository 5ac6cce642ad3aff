import { type AuthTokens, authTokens } from "../twilio/auth-tokens.ts";
import { createTwilio, type TwilioOptions } from "../twilio/client.ts";
import { failureOf } from "../twilio/errors.ts";

/** Twilio as one subaccount, with exactly this token. */
export type AsSubaccount = (accountSid: string, authToken: string) => {
  tokens: AuthTokens;
  /** Whether Twilio takes the token. @throws where Twilio cannot be asked */
  isAccepted(): Promise<boolean>;
};

/** Subaccounts over the API at `apiBaseUrl`. */
export function asSubaccountAt(options: Omit<TwilioOptions, "accountSid" | "authToken">): AsSubaccount {
  return (accountSid, authToken) => ({
    tokens: authTokens({ ...options, accountSid, authToken }),
    async isAccepted() {
      try {
        await createTwilio({ ...options, accountSid, authToken }).accounts(accountSid).fetch();
        return true;
      } catch (error) {
        if (failureOf(error).kind === "account") return false;
        throw error;
      }
    },
  });
}
