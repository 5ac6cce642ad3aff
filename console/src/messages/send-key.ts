/** What is sent: `send-sms` takes exactly this. */
export interface Draft {
  from: string;
  to: string;
  body: string;
}

/**
 * Gives each attempt at a message its idempotency key. The same draft keeps its key for as long as nobody knows what became
 * of it, so that a retry never sends twice; a changed draft, or one that is settled, gets another.
 */
export class SendKeys {
  #open: { draft: string; key: string } | null = null;

  keyFor({ from, to, body }: Draft): string {
    const draft = JSON.stringify([from, to, body]);
    if (this.#open?.draft !== draft) this.#open = { draft, key: crypto.randomUUID() };
    return this.#open.key;
  }

  /** The attempt has a definite outcome: sent, or refused. */
  settle(): void {
    this.#open = null;
  }
}
