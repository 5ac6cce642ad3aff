/**
 * Adjusts Stripe's dates to a world whose time is moved. The world leaves the simulator's clock alone, because its
 * subscriptions shall not renew by themselves. So an end that lies before a leap in time must look older than the simulator
 * says.
 */
export class StripeClock {
  #now = 0;
  #ended = new Map<string, number>();

  advance(seconds: number): void {
    this.#now += seconds;
  }

  clear(): void {
    this.#now = 0;
    this.#ended.clear();
  }

  /** Records that a subscription has ended just now. */
  ends(subscriptionId: string): void {
    if (!this.#ended.has(subscriptionId)) this.#ended.set(subscriptionId, this.#now);
  }

  /** A response from Stripe with adjusted dates. */
  async dated(response: Response): Promise<Response> {
    if (this.#ended.size === 0 || !response.ok) return response;
    const body = await response.json();
    const subscriptions = body.object === "list" ? body.data : [body];
    for (const subscription of subscriptions) {
      const endedAt = this.#ended.get(subscription.id);
      if (endedAt === undefined || subscription.object !== "subscription") continue;
      subscription.ended_at -= this.#now - endedAt;
      subscription.canceled_at -= this.#now - endedAt;
    }
    return Response.json(body, { status: response.status, headers: { "request-id": "req_dated" } });
  }
}
