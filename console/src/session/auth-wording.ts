/** A field of the forms of the session and of the account. */
export type AuthField = "email" | "password" | "currentPassword" | "code";

/** What a user reads about an error of Auth. */
export interface AuthWording {
  message: string;
  /** The code, for support. */
  code: string;
  /** The field that the message is about. */
  field?: AuthField;
}

type Sentence = Omit<AuthWording, "code">;

const SESSION_ENDED: Sentence = { message: "Your session has ended. Sign in again" };
const LINK_OVER: Sentence = { message: "This link has expired or was used already. Ask for a new one" };
const TOO_OFTEN: Sentence = { message: "Too many attempts. Wait a few minutes, then try again" };
const NO_SIGN_UP: Sentence = { message: "New accounts cannot be created here. Ask your provider for one" };
const UNAVAILABLE: Sentence = { message: "The sign-in service does not respond. Try again in a minute" };
const EMAIL_NEEDED: Sentence = { message: "Enter a valid email, such as you@company.com", field: "email" };

/** The sentences for the codes that a user of the console can meet. Every other code gets `unknown`. */
const SENTENCES: Readonly<Record<string, Sentence>> = {
  // Made here, for failures without a code.
  unreachable: { message: "Cannot reach the server. Check your connection, then try again" },
  server_error: UNAVAILABLE,

  invalid_credentials: { message: "The email or the password is wrong", field: "password" },
  email_not_confirmed: { message: "Confirm your email first: open the link that we sent you", field: "email" },
  user_already_exists: { message: "This email has an account", field: "email" },
  email_exists: { message: "This email belongs to another account", field: "email" },
  identity_already_exists: { message: "This email belongs to another account", field: "email" },
  email_conflict_identity_not_deletable: { message: "This email belongs to another account", field: "email" },
  email_address_invalid: EMAIL_NEEDED,
  email_address_not_provided: EMAIL_NEEDED,
  email_address_not_authorized: {
    message: "We cannot send mail to this address yet. Tell your provider",
    field: "email",
  },
  weak_password: { message: "This password is too easy to guess. Choose a longer one", field: "password" },
  same_password: { message: "This is your password already. Choose another one", field: "password" },
  current_password_required: { message: "Enter your current password too", field: "currentPassword" },
  current_password_invalid: { message: "This is not your current password", field: "currentPassword" },
  reauthentication_needed: { message: "Enter the code that we sent to your email", field: "code" },
  reauth_nonce_missing: { message: "Enter the code that we sent to your email", field: "code" },
  reauthentication_not_valid: { message: "This code is wrong or has expired", field: "code" },
  validation_failed: { message: "The sign-in service did not accept this. Check the email and the password" },

  over_email_send_rate_limit: { message: "Too many emails were sent. Wait a few minutes, then try again" },
  over_request_rate_limit: TOO_OFTEN,
  over_sms_send_rate_limit: TOO_OFTEN,

  otp_expired: LINK_OVER,
  otp_disabled: NO_SIGN_UP,
  access_denied: LINK_OVER,
  flow_state_not_found: LINK_OVER,
  flow_state_expired: LINK_OVER,
  bad_code_verifier: LINK_OVER,
  invite_not_found: LINK_OVER,
  pkce_code_verifier_not_found: {
    message: "Open this link in the browser in which you asked for it, or ask for a new one",
  },

  signup_disabled: NO_SIGN_UP,
  email_provider_disabled: { message: "Signing in with an email and a password is switched off. Ask your provider" },
  provider_disabled: { message: "This way to sign in is switched off. Ask your provider" },
  user_banned: { message: "This account is blocked. Ask your provider" },
  user_sso_managed: { message: "Your company manages this account. Change it there" },
  insufficient_aal: { message: "This change needs your second factor. Sign in with it first" },
  captcha_failed: { message: "The check against robots failed. Reload the page, then try again" },

  session_not_found: SESSION_ENDED,
  session_expired: SESSION_ENDED,
  refresh_token_not_found: SESSION_ENDED,
  refresh_token_already_used: SESSION_ENDED,
  bad_jwt: SESSION_ENDED,
  invalid_jwt: SESSION_ENDED,
  no_authorization: SESSION_ENDED,
  user_not_found: SESSION_ENDED,

  unexpected_failure: UNAVAILABLE,
  request_timeout: UNAVAILABLE,
  hook_timeout: UNAVAILABLE,
  hook_timeout_after_retry: UNAVAILABLE,
  conflict: { message: "Something else changed your account at the same time. Try again" },
};

const WEAK_BECAUSE: Readonly<Record<string, string>> = {
  pwned: "This password is in a list of leaked passwords. Choose another one",
  characters: "Use lowercase and uppercase letters, digits and symbols",
};

/** The codes that Auth's errors can have and that have a sentence of their own. */
export const WORDED_CODES: readonly string[] = Object.keys(SENTENCES);

/**
 * Returns what a user reads about an error of Auth: a plain sentence, never the text of Auth. A code without a sentence gets
 * a general one.
 * @example authWordingOf(error).message // "The email or the password is wrong"
 */
export function authWordingOf(error: unknown): AuthWording {
  const code = authCodeOf(error);
  const sentence = Object.hasOwn(SENTENCES, code) ? SENTENCES[code]! : { message: "That did not work. Try again" };
  return { ...sentence, message: moreExactly(code, error) ?? sentence.message, code };
}

/** Returns the code of an error of Auth; one of our own if it has none. */
export function authCodeOf(error: unknown): string {
  const { name, code, status } = fieldsOf(error);
  if (name === "AuthRetryableFetchError" || error instanceof TypeError) return status ? "server_error" : "unreachable";
  if (name === "AuthSessionMissingError") return "session_not_found";
  if (typeof code === "string" && /^\w{1,60}$/.test(code)) return code;
  return typeof status === "number" && status >= 500 ? "server_error" : "unknown";
}

function moreExactly(code: string, error: unknown): string | undefined {
  const { reasons, message } = fieldsOf(error);
  if (code === "weak_password" && Array.isArray(reasons)) {
    return reasons.map((reason) => WEAK_BECAUSE[String(reason)]).find((sentence) => sentence !== undefined);
  }
  if (code !== "over_email_send_rate_limit") return undefined;
  // Auth says only in its text how long to wait.
  const seconds = /after (\d{1,4}) seconds?\b/.exec(String(message))?.[1];
  return seconds === undefined ? undefined : `We sent an email just now. You can ask for another in ${seconds} seconds`;
}

interface ErrorFields {
  name?: unknown;
  code?: unknown;
  status?: unknown;
  message?: unknown;
  reasons?: unknown;
}

function fieldsOf(error: unknown): ErrorFields {
  return typeof error === "object" && error !== null ? error : {};
}
