/** One fact about what was wrong, as the functions tell it. */
export type ErrorDetail = Readonly<Record<string, string | number | boolean | null>>;

export interface ApiErrorOptions {
  /** The HTTP status; 0 where no answer came. */
  status: number;
  /** Decide on this, never on the message. */
  code: string;
  message: string;
  requestId?: string | undefined;
  details?: readonly ErrorDetail[] | undefined;
}

/** A call to the backend that failed, with what is needed to tell the user and to ask support. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly requestId: string | undefined;
  readonly details: readonly ErrorDetail[];

  constructor({ status, code, message, requestId, details }: ApiErrorOptions) {
    super(message);
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.details = details ?? [];
  }

  /** Whether nothing is known to be wrong with the request itself, so that repeating it makes sense. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The error of a request that got no answer at all. */
export function unreachable(): ApiError {
  return new ApiError({ status: 0, code: "unreachable", message: "Cannot reach the server: check your connection" });
}
