/** The fields of a log line: plain values under our own names. An object from outside could hold a header or a token. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

type Level = keyof Log;

/** A logger that writes one JSON object per line, each with the fields of `context`, such as the request id. */
export function createLog(context: LogFields, write: (line: string) => void = console.log): Log {
  const at = (level: Level) => (event: string, fields: LogFields = {}) =>
    write(JSON.stringify({ at: new Date().toISOString(), level, event, ...context, ...fields }));
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

/**
 * The fields that describe an unknown error: its class and its message, truncated. The error itself is never logged: the
 * messages of network and SDK errors contain no credentials, but their other properties do.
 */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { errorName: typeof error };
  return { errorName: error.name, errorMessage: error.message.slice(0, 300) };
}
