/** What a log line may hold: plain values under names we chose. Never an object from outside, so never a header or a token. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

type Level = keyof Log;

/** A logger writing one JSON object per line, each with the fields of `context` (request id, function …). */
export function createLog(context: LogFields, write: (line: string) => void = console.log): Log {
  const at = (level: Level) => (event: string, fields: LogFields = {}) =>
    write(JSON.stringify({ at: new Date().toISOString(), level, event, ...context, ...fields }));
  return { info: at("info"), warn: at("warn"), error: at("error") };
}

/**
 * What may be said of an unknown throw in a log: its class and its message, cut short. Messages of network and SDK errors
 * hold no credentials (those sit in their other properties, which is why the error itself is never logged).
 */
export function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { errorName: typeof error };
  return { errorName: error.name, errorMessage: error.message.slice(0, 300) };
}
