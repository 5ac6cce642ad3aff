import { SwitchboardError } from "../../../client/switchboard.ts";

export interface ReadErrorOptions {
  /** The HTTP status; 0 if there was no response. */
  status: number;
  /** Of Postgres or PostgREST; `unreachable`, `timed_out` or `http_<status>` without one. */
  code: string;
  /** What was to be read, as in "Cannot load your <subject>". */
  subject?: string;
  /** What the database said: for the browser's log, never for the user. */
  cause?: unknown;
}

/** A failed read over the Data API. It has no request id. `wordingOf` says it to the user. */
export class ReadError extends Error {
  override readonly name = "ReadError";
  readonly status: number;
  readonly code: string;
  readonly subject: string | undefined;
  readonly requestId = undefined;

  constructor({ status, code, subject, cause }: ReadErrorOptions) {
    super(`Cannot read ${subject ?? "this"}: ${code}`, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.subject = subject;
  }

  /** Whether a retry may succeed, because the failure is not caused by the request itself. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** A failed call to the backend, with its code and request id for support. */
export type Failure = SwitchboardError | ReadError;

export function isFailure(error: unknown): error is Failure {
  return error instanceof SwitchboardError || error instanceof ReadError;
}
