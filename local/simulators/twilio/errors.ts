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
  30032: "Toll-Free Number Has Not Been Verified",
  30034: "US A2P 10DLC - Message from an Unregistered Number",
  21610: "Attempt to send to unsubscribed recipient",
};
