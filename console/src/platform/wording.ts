import { type ErrorCode, SwitchboardError } from "../../../client/switchboard.ts";
import { durationInWords } from "./durations.ts";
import { ReadError } from "./failure.ts";

/** What a user reads about a failure. */
export interface Wording {
  /** What happened and what to do, in plain sentences without a final period. It has no text of a database or vendor. */
  message: string;
  /** For support, and for programs that decide on it. */
  code: string;
  /** For support; undefined where the server gave none. */
  requestId?: string;
  /** Whether the same request may succeed later. */
  isTransient: boolean;
}

/** An error of the console itself, with a message that is written for the user. */
export class WordedError extends Error {
  override readonly name = "WordedError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What happened, and what to do. `next` is replaced by the time to wait where the server gives one. */
interface Sentence {
  code?: string;
  what: string;
  next: string;
  isTransient?: boolean;
}

const SOON = "Try again in a moment";
const RELOAD = "Reload the page and try again";
const PROVIDER = "Contact your provider";

const UNREACHABLE: Sentence = {
  code: "unreachable",
  what: "Cannot reach the server",
  next: "Check your connection and try again",
  isTransient: true,
};
const TOO_SLOW: Sentence = {
  code: "timed_out",
  what: "The server did not answer in time",
  next: SOON,
  isTransient: true,
};
const BUSY: Sentence = { code: "server_busy", what: "The server is busy", next: SOON, isTransient: true };
const OUR_FAULT: Sentence = {
  code: "server_error",
  what: "Something went wrong on our side",
  next: SOON,
  isTransient: true,
};
/** Is read only where the session was renewed meanwhile or may still be: one that has ended leads to the sign-in screen. */
const NOT_SIGNED_IN: Sentence = { code: "not_signed_in", what: "Your sign-in was not accepted", next: "Try again" };
const NOT_ALLOWED: Sentence = { code: "not_allowed", what: "You're not allowed to do this", next: PROVIDER };
const NOT_FOUND: Sentence = {
  code: "not_found",
  what: "This no longer exists",
  next: "Reload the page to see what changed",
};
const CONFLICT: Sentence = {
  code: "conflict",
  what: "This was changed in the meantime",
  next: RELOAD,
};
const TOO_MANY: Sentence = {
  code: "rate_limited",
  what: "Too many requests in a short time",
  next: SOON,
  isTransient: true,
};
const OUTDATED: Sentence = { code: "outdated", what: "This page does not match the server any more", next: RELOAD };
const NOT_ACCEPTED: Sentence = {
  code: "not_accepted",
  what: "The server did not accept this",
  next: "Check what you entered and try again",
};
const NEW_VERSION: Sentence = {
  code: "new_version",
  what: "A new version of the console is available",
  next: "Reload the page",
};
const PAGE_FAULT: Sentence = { code: "console_error", what: "Something went wrong on this page", next: RELOAD };

/**
 * Codes whose message from a function is not shown: it is for programs or operators, quotes internal ids, or may quote a
 * vendor. The messages of all other codes are written for tenants.
 */
const OF_CODE: Readonly<Partial<Record<ErrorCode, Sentence>>> = {
  unreachable: UNREACHABLE,
  timed_out: TOO_SLOW,
  aborted: { what: "This was stopped", next: "Try again" },
  database_unavailable: BUSY,
  internal_error: OUR_FAULT,
  invalid_json: OUTDATED,
  method_not_allowed: OUTDATED,
  unsupported_media_type: OUTDATED,
  invalid_signature: OUTDATED,
  body_too_large: { what: "This is too large to send", next: "Make it shorter and try again" },
  unauthorized: NOT_SIGNED_IN,
  forbidden: NOT_ALLOWED,
  mfa_required: { what: "This needs a second factor", next: "Sign in with one and try again" },
  not_found: NOT_FOUND,
  rate_limited: TOO_MANY,
  subscription_required: { what: "You have no active subscription", next: "Subscribe first" },
  subaccount_limit_reached: {
    what: "No more accounts can be set up just now",
    next: "Your request is saved and carried out later",
  },
  permanent_user_required: { what: "You're signed in without an email", next: "Add one before you subscribe" },
  subscription_exists: { what: "You already have a subscription", next: "Manage it on the overview" },
  checkout_replaced: { what: "Another checkout was opened meanwhile", next: "Try again" },
  billing_not_set_up: { what: "This plan cannot be bought yet", next: PROVIDER },
  plan_not_found: { what: "This plan is no longer offered", next: "Reload the page and choose another" },
  plan_not_for_sale: { what: "This plan is no longer offered", next: "Reload the page and choose another" },
  plan_superseded: {
    what: "This version of the plan is no longer sold",
    next: "Change it for everyone who has it instead",
  },
  price_taken: { what: "This price at Stripe belongs to another plan", next: "Name another price" },
  billing_customer_not_found: { what: "You have bought no subscription here", next: "Subscribe first" },
  subscription_not_found: { what: "You have no such subscription", next: "Reload the page to see what changed" },
  subscription_over: { what: "This subscription has already ended", next: "Reload the page to see what changed" },
  canceled_by_operator: { what: "Your provider canceled this subscription", next: `${PROVIDER} to keep it` },
  email_not_confirmed: { what: "Your email is not confirmed", next: "Confirm it and try again" },
  customer_email_differs: {
    what: "This subscription was bought with another email than yours",
    next: "Sign in with that email",
  },
  user_not_confirmed: {
    what: "Cannot send from a shared number yet",
    next: "Confirm your email or phone number first",
  },
  settings_changed: {
    what: "Your settings were changed elsewhere meanwhile",
    next: "Look at what is marked, and save again",
  },
  webhook_not_answering: {
    what: "Your server did not answer the test event with a status of 2xx within 5 seconds",
    next: "Check that it is reachable and accepts the event, and try again",
  },
  webhook_changed: {
    what: "Your webhook was changed in another tab meanwhile",
    next: "Look at it again, and repeat what you did",
  },
  webhook_not_pending: { what: "There is no webhook to confirm any more", next: "Save one first" },
  webhook_not_enabled: { what: "You have no webhook in use", next: "Set one up first" },
  delivery_pending: { what: "Another attempt of this delivery follows anyway", next: "Wait for its result" },
  idempotency_key_reused: { what: "This message was changed after an earlier attempt", next: "Send it again" },
  message_outcome_unknown: {
    what: "It is not known yet whether this message was sent",
    next: "Its status appears in the conversation within minutes. Trying again does not send it twice",
    isTransient: true,
  },
  twilio_unavailable: { what: "Twilio does not respond just now", next: SOON, isTransient: true },
  twilio_throttled: { what: "Twilio accepts no more requests just now", next: SOON, isTransient: true },
  twilio_misconfigured: { what: "Your account cannot be used at Twilio just now", next: PROVIDER },
  stripe_unavailable: { what: "The payment service does not respond just now", next: SOON, isTransient: true },
  stripe_misconfigured: { what: "Payments are not set up correctly", next: PROVIDER },
};

/** Codes of Postgres and PostgREST: the whole code, or the class that it begins with. */
const OF_DATABASE: readonly (readonly [RegExp, Sentence])[] = [
  [/^(57014|55P03)$/, TOO_SLOW],
  [/^PGRST00/, BUSY],
  [/^(08|40|53|55|57|58|XX)/, BUSY],
  [/^PGRST30/, NOT_SIGNED_IN],
  [/^(42501|28)/, NOT_ALLOWED],
  [/^(PGRST116|P0002|02)/, NOT_FOUND],
  [/^(23505|23P01)$/, CONFLICT],
  [/^(PGRST|42|3F|0A)/, OUTDATED],
  [/^(22|23|44|P0)/, NOT_ACCEPTED],
];

function ofStatus(status: number): Sentence {
  if (status === 0) return UNREACHABLE;
  if (status === 401) return NOT_SIGNED_IN;
  if (status === 403) return NOT_ALLOWED;
  if (status === 404 || status === 410) return NOT_FOUND;
  if (status === 408 || status === 504) return TOO_SLOW;
  if (status === 409 || status === 412) return CONFLICT;
  if (status === 429) return TOO_MANY;
  if (status === 502 || status === 503) return BUSY;
  return status >= 500 ? OUR_FAULT : NOT_ACCEPTED;
}

/** The one home of what a user reads about any error. Errors of Auth's forms have more sentences in `session`. */
export function wordingOf(error: unknown): Wording {
  if (error instanceof WordedError) return { message: error.message, code: error.code, isTransient: false };
  if (error instanceof SwitchboardError) return ofFunction(error);
  if (error instanceof ReadError) {
    const { what, next, code = "read_failed", isTransient = false } = sentenceOfRead(error);
    const subject = error.subject === undefined ? "" : `Cannot load your ${error.subject}. `;
    return { message: `${subject}${what}. ${next}`, code, isTransient };
  }
  const { what, next, code = "console_error", isTransient = false } = sentenceOfOther(error);
  return { message: `${what}. ${next}`, code, isTransient };
}

function ofFunction(error: SwitchboardError): Wording {
  const { status, code, requestId, retryAfterSeconds } = error;
  const own = code === "unexpected_answer" ? ofStatus(status) : OF_CODE[code];
  const wait = retryAfterSeconds === undefined ? undefined : `Try again in ${durationInWords(retryAfterSeconds)}`;
  const rest = {
    code,
    isTransient: own?.isTransient ?? error.isTransient,
    ...(requestId !== undefined && { requestId }),
  };
  if (own !== undefined) {
    return { ...rest, message: `${own.what}. ${own.isTransient === true ? wait ?? own.next : own.next}` };
  }
  const told = toldByFunction(error);
  if (told !== null) return { ...rest, message: wait === undefined || /again/.test(told) ? told : `${told}. ${wait}` };
  const { what, next } = ofStatus(status);
  return { ...rest, message: `${what}. ${next}` };
}

/** What only a vendor, a database or a program writes, outside of quoted values. */
const FOREIGN =
  /says|https?:|[{}<>\\_\n]|[a-z][A-Z]|\bSID\b|statement|violates|constraint|duplicate key|relation |column |function |syntax|permission denied|\bJWT\b|PGRST|\bnull\b|undefined|exception|fetch|Idempotency|Authorization|Content-Type|internal/;
const LONGEST = 300;
/** A quoted value is a number, a name or a date. A longer text is quoted from elsewhere. */
const MOST_QUOTED_WORDS = 4;

/** A function's own sentence for tenants; null for a message that is not one. */
function toldByFunction({ code, message }: SwitchboardError): string | null {
  if (code === "invalid_input") return enteredIn(message);
  return message.startsWith("Cannot ") && isPlain(message) ? message : null;
}

function isPlain(text: string): boolean {
  const quoted = text.match(/"[^"]*"/g) ?? [];
  return text.length <= LONGEST && !FOREIGN.test(text.replaceAll(/"[^"]*"/g, "…")) &&
    quoted.every((value) => !/[{}<>\n]/.test(value) && value.split(/\s+/).length <= MOST_QUOTED_WORDS);
}

/** `Check the area code: must be three digits`, from `Cannot accept the request: "areaCode": must be three digits`. */
function enteredIn(message: string): string | null {
  const [, field, fault] = /^Cannot accept the request: "([A-Za-z]+)":? ([^;]{1,160})/.exec(message) ?? [];
  if (field === undefined || fault === undefined || !isPlain(fault)) return null;
  return `Check the ${field.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}: ${fault}`;
}

function sentenceOfRead({ status, code }: ReadError): Sentence {
  if (code === "timed_out") return TOO_SLOW;
  return ofDatabaseCode(code) ?? ofStatus(status);
}

function ofDatabaseCode(code: string): Sentence | undefined {
  return /^(PGRST\d+|[0-9A-Z]{5})$/.test(code) ? OF_DATABASE.find(([pattern]) => pattern.test(code))?.[1] : undefined;
}

const CHUNK = /dynamically imported module|module script failed|preload CSS|loading chunk/i;
const NETWORK = /failed to fetch|load failed|networkerror|network request failed|fetch failed/i;

function sentenceOfOther(error: unknown): Sentence {
  if (typeof error !== "object" || error === null) return PAGE_FAULT;
  const { name, message, code, status } = error as Record<string, unknown>;
  const text = typeof message === "string" ? message : "";
  if (CHUNK.test(text)) return NEW_VERSION;
  if (name === "TimeoutError" || /TimeoutError/.test(text)) return TOO_SLOW;
  if (name === "AuthRetryableFetchError" || NETWORK.test(text)) return UNREACHABLE;
  const ofDatabase = typeof code === "string" ? ofDatabaseCode(code) : undefined;
  if (ofDatabase !== undefined) return ofDatabase;
  return typeof status === "number" ? ofStatus(status) : PAGE_FAULT;
}

/** Whether a screen's code could not be loaded: after a deployment, the files of the version before are gone. */
export function isMissingVersion(error: unknown): boolean {
  return wordingOf(error).code === NEW_VERSION.code;
}
