/** An event that was posted to the receiver. */
export interface ReceivedEvent {
  receivedAt: string;
  /** The status that it was answered with. */
  status: number;
  /** The headers that Standard Webhooks defines. */
  headers: Record<string, string>;
  body: string;
}

const KEPT = 50;
const MAX_BODY = 256 * 1024;

/**
 * Stands for a tenant's own program, which receives what `forward-webhook` posts: `POST /_sim/receiver`. It keeps the last
 * 50 events, and answers 204, or as an error to try failed deliveries and their replay.
 */
export class WebhookReceiver {
  #status = 204;
  #events: ReceivedEvent[] = [];

  /** Answers all requests from now on with a status. @throws RangeError if it is not one from 200 to 599 */
  answerWith(status: number): void {
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError(`Cannot answer with status "${status}": not an integer from 200 to 599`);
    }
    this.#status = status;
  }

  async receive(request: Request): Promise<Response> {
    const names = [...request.headers.keys()].filter((name) => name.startsWith("webhook-"));
    const headers = Object.fromEntries(names.map((name) => [name, request.headers.get(name)!]));
    const body = (await request.text()).slice(0, MAX_BODY);
    this.#events = [{ receivedAt: new Date().toISOString(), status: this.#status, headers, body }, ...this.#events]
      .slice(0, KEPT);
    const hasBody = this.#status >= 300;
    return new Response(hasBody ? "As it was asked to" : null, { status: this.#status });
  }

  /** The last events, newest first. */
  get events(): readonly ReceivedEvent[] {
    return this.#events;
  }
}
