export interface HeadPollerOptions<Head> {
  /** Reads what tells whether anything has changed: one small response. */
  readHead: () => Promise<Head>;
  /** Whether the first response differs from what was read before it: what arrived between the two would not be seen. */
  isNews: (head: Head) => boolean;
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
export function pollHead<Head>({ readHead, isNews, onChange, isNeeded, everyMs }: HeadPollerOptions<Head>): () => void {
  let known: string | null = null;
  let isAsking = false;
  let isStopped = false;
  async function ask() {
    if (isAsking || !isNeeded()) return;
    isAsking = true;
    try {
      const read = await readHead();
      const head = JSON.stringify(read);
      if (!isStopped && (known === null ? isNews(read) : known !== head)) onChange();
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
