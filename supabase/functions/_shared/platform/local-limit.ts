/** A limit that this isolate keeps in memory, for work before anything is known about the caller. */
export interface LocalLimit {
  /** Counts one request of a subject. @returns whether it is within the limit */
  allows(subject: string): boolean;
}

/**
 * Counts requests per subject in windows of a minute. It knows the `mostSubjects` newest subjects, so its memory is bounded;
 * each isolate counts for itself.
 */
export function localLimit(perMinute: number, mostSubjects = 10_000, now: () => number = Date.now): LocalLimit {
  const windows = new Map<string, { endsAt: number; used: number }>();
  return {
    allows(subject) {
      const known = windows.get(subject);
      if (known !== undefined && known.endsAt > now()) return ++known.used <= perMinute;
      windows.delete(subject);
      if (windows.size >= mostSubjects) windows.delete(windows.keys().next().value!);
      windows.set(subject, { endsAt: now() + 60_000, used: 1 });
      return perMinute >= 1;
    },
  };
}
