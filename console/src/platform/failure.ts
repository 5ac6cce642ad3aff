import { SwitchboardError } from "../../../client/switchboard.ts";

export interface ReadErrorOptions {
  /** The HTTP status; 0 if there was no response. */
  status: number;
  code: string;
  message: string;
}

/** A failed read over the Data API. It has no request id. */
export class ReadError extends Error {
  override readonly name = "ReadError";
  readonly status: number;
  readonly code: string;
  readonly requestId = undefined;

  constructor({ status, code, message }: ReadErrorOptions) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether a retry may succeed, because the failure is not caused by the request itself. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A failed call to the backend, with its message for the user and its code and request id for support. */
export type Failure = SwitchboardError | ReadError;

export function isFailure(error: unknown): error is Failure {
  return error instanceof SwitchboardError || error instanceof ReadError;
}
