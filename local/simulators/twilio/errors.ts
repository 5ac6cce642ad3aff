/** The Twilio errors that the simulator returns. */

const HTTP_STATUS: Record<number, number> = {
  20003: 401,
  20005: 403,
  20403: 403,
  20404: 404,
  20405: 405,
  20429: 429,
  20500: 500,
  20503: 503,
};

/** An error response of the API. `status` defaults to the status of the code; callers pass it where Twilio deviates. */
export class ApiError extends Error {
  readonly status: number;

  constructor(readonly code: number, message: string, status?: number) {
    super(message);
    this.name = "ApiError";
    this.status = status ?? HTTP_STATUS[code] ?? 400;
  }

  /** Returns the JSON body of the response, as Twilio sends it. */
  toBody(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      more_info: `https://www.twilio.com/docs/errors/${this.code}`,
      status: this.status,
    };
  }
}

/** The titles of errors that a fault can cause, as in Twilio's error dictionary. */
const MESSAGES: Record<number, string> = {
  20001: "Bad request",
  20003: "Authenticate",
  20005: "Account not active",
  20404: "The requested resource was not found",
  20429: "Too Many Requests",
  20500: "An internal server error has occurred",
  20503: "Service unavailable",
  21211: "The 'To' number is not a valid phone number",
  21212: "The 'From' number is not a valid phone number",
  21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
  21606: "The 'From' phone number is not a valid, SMS-capable inbound phone number or short code for your account",
  21608: "The number is unverified. Trial accounts cannot send messages to unverified numbers",
  21610: "Attempt to send to unsubscribed recipient",
  21611: "This 'From' number has exceeded the maximum number of queued messages",
  21612: "The 'To' phone number is not currently reachable via SMS",
  21614: "'To' number is not a valid mobile number",
  21635: "'To' number cannot be a landline",
  21659: "'From' is not a Twilio phone number or Short Code country mismatch",
  21660: "Mismatch between the 'From' number and the account",
  21661: "'From' number is not SMS-capable",
};

/** Returns the error that Twilio answers with `code`. Without a `status`, the status is that of the code. */
export function errorOfCode(code: number, { status, message }: { status?: number; message?: string } = {}): ApiError {
  return new ApiError(code, message ?? MESSAGES[code] ?? DELIVERY_ERRORS[code] ?? `Error ${code}`, status);
}

export function notFound(path: string): ApiError {
  return new ApiError(20404, `The requested resource ${path} was not found`);
}

export function unauthenticated(): ApiError {
  return new ApiError(20003, "Authenticate");
}

export function invalidParameter(name: string, value: string): ApiError {
  return new ApiError(20001, `Invalid parameter ${name}: '${value}'`);
}

/** The `error_message` of an undelivered message, by error code. */
export const DELIVERY_ERRORS: Record<number, string> = {
  30001: "Queue overflow",
  30002: "Account suspended",
  30003: "Unreachable destination handset",
  30004: "Message blocked",
  30005: "Unknown destination handset",
  30006: "Landline or unreachable carrier",
  30007: "Message filtered",
  30008: "Unknown error",
  30022: "US A2P 10DLC - Rate Limits Exceeded",
  30023: "US A2P 10DLC - Daily Message Cap Reached",
  30032: "Toll-Free Number Has Not Been Verified",
  30033: "US A2P 10DLC - Campaign Suspended",
  30034: "US A2P 10DLC - Message from an Unregistered Number",
  30035: "US A2P 10DLC - Message from a Number with a Pending Registration",
  21610: "Attempt to send to unsubscribed recipient",
};
