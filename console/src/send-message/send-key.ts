/** The body of a `send-sms` request. */
export interface Draft {
  from: string;
  to: string;
  body: string;
}

/**
 * Assigns idempotency keys to drafts. A draft keeps its key while its outcome is unknown, so that a retry never sends
 * twice. A changed draft gets a new key, as does the same draft after `complete`.
 */
export class SendKeys {
  #open: { draft: string; key: string } | null = null;

  keyFor({ from, to, body }: Draft): string {
    const draft = JSON.stringify([from, to, body]);
    if (this.#open?.draft !== draft) this.#open = { draft, key: crypto.randomUUID() };
    return this.#open.key;
  }

  /** The attempt has a definite outcome: sent, or refused. */
  complete(): void {
    this.#open = null;
  }
}
