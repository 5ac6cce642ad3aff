import { SwitchboardError } from "../../../client/switchboard.ts";

export interface ReadErrorOptions {
  /** The HTTP status; 0 where no answer came. */
  status: number;
  code: string;
  message: string;
}

/** A read over the Data API that failed. It has no request id to quote. */
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

  /** Whether nothing is known to be wrong with the request itself, so that repeating it makes sense. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Anything asked of the backend that failed, with what is needed to tell the user and to ask support. */
export type Failure = SwitchboardError | ReadError;

export function isFailure(error: unknown): error is Failure {
  return error instanceof SwitchboardError || error instanceof ReadError;
}
