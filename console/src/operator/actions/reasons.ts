const MOST = 5;
/** The longest reason that the functions accept. */
export const LONGEST_REASON = 300;

/** The reasons to suggest after this one was given: the last one first, each once. */
export function withReason(known: readonly string[], reason: string): string[] {
  const given = reason.trim();
  return given === "" ? [...known] : [given, ...known.filter((one) => one !== given)].slice(0, MOST);
}

/** What is wrong with a reason; null for one that the functions accept. */
export function faultOfReason(reason: string): string | null {
  const length = [...reason.trim()].length;
  if (length === 0) return "Give a reason: the audit log keeps it";
  return length > LONGEST_REASON ? `Use at most ${LONGEST_REASON} characters, not ${length}` : null;
}

const keyOf = (userId: string) => `operator-reasons-${userId}`;

/** The reasons that this operator gave in this tab. */
export function readReasons(userId: string): string[] {
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(keyOf(userId)) ?? "[]");
    return Array.isArray(stored) ? stored.filter((one) => typeof one === "string").slice(0, MOST) : [];
  } catch {
    return [];
  }
}

export function rememberReason(userId: string, reason: string): void {
  try {
    sessionStorage.setItem(keyOf(userId), JSON.stringify(withReason(readReasons(userId), reason)));
  } catch {
    // A browser that stores nothing suggests nothing.
  }
}
