/** A limit that this isolate keeps in memory, for work before anything is known about the caller. */
export interface LocalLimit {
  /** Counts one request of a subject. @returns the seconds to wait when it is over the limit, else null */
  count(subject: string): number | null;
}

/**
 * Counts requests per subject in windows of a minute. It knows the `mostSubjects` newest subjects, so its memory is bounded;
 * each isolate counts for itself.
 */
export function localLimit(perMinute: number, mostSubjects = 10_000, now: () => number = Date.now): LocalLimit {
  const windows = new Map<string, { endsAt: number; used: number }>();

  function windowOf(subject: string) {
    const known = windows.get(subject);
    if (known !== undefined && known.endsAt > now()) return known;
    windows.delete(subject);
    if (windows.size >= mostSubjects) windows.delete(windows.keys().next().value!);
    const opened = { endsAt: now() + 60_000, used: 0 };
    windows.set(subject, opened);
    return opened;
  }

  return {
    count(subject) {
      const window = windowOf(subject);
      return ++window.used > perMinute ? Math.ceil((window.endsAt - now()) / 1000) : null;
    },
  };
}
