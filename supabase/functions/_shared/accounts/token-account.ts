import { type AuthTokens, authTokens } from "../twilio/auth-tokens.ts";
import { createTwilio, type TwilioOptions } from "../twilio/client.ts";
import { failureOf } from "../twilio/errors.ts";

/** One subaccount with exactly one of its tokens: what the rotation of tokens acts with. */
export interface TokenAccount {
  tokens: AuthTokens;
  /** Whether Twilio accepts the token. @throws when Twilio gives no usable response */
  isAccepted(): Promise<boolean>;
}

export function createTokenAccount(options: TwilioOptions): TokenAccount {
  return {
    tokens: authTokens(options),
    async isAccepted() {
      try {
        const accounts = await createTwilio(options).accounts();
        await accounts(options.accountSid).fetch();
        return true;
      } catch (error) {
        if (failureOf(error)?.kind === "account") return false;
        throw error;
      }
    },
  };
}
