export interface HeadPollerOptions {
  /** Reads what tells whether anything has changed: one small response. */
  readHead: () => Promise<unknown>;
  /** Called when it has changed. */
  onChange: () => void;
  /** Whether to ask at all now: not while changes arrive by themselves, and not while the page is hidden or offline. */
  isNeeded: () => boolean;
  everyMs: number;
}

/**
 * Asks for changes where they do not arrive by themselves. A question that fails is asked again at the next time: the screens
 * say themselves what they cannot load.
 * @returns stops asking
 */
export function pollHead({ readHead, onChange, isNeeded, everyMs }: HeadPollerOptions): () => void {
  let known: string | null = null;
  let isAsking = false;
  let isStopped = false;
  async function ask() {
    if (isAsking || !isNeeded()) return;
    isAsking = true;
    try {
      const head = JSON.stringify(await readHead());
      if (!isStopped && known !== null && known !== head) onChange();
      known = head;
    } catch {
      // Asked again at the next time.
    } finally {
      isAsking = false;
    }
  }
  void ask();
  const timer = setInterval(() => void ask(), everyMs);
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}
