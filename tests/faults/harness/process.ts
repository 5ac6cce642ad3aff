import { setImmediate } from "node:timers/promises";
import { changesTwilio } from "./points.ts";
import type { Fault, Trap } from "./traps.ts";
import type { Underway } from "./underway.ts";

/** Thrown at calls a process makes after its end. */
export class ProcessEnded extends Error {
  override readonly name = "ProcessEnded";
}

/** A call to the outside: how it is sent, and what its caller sees when the response is missing or bad. */
export interface OutsideCall<Answer> {
  point: string;
  send(): Promise<Answer>;
  /** No response in time: returns what the caller gets, or throws it. */
  unanswered(): Answer;
  /** A gateway in between responded instead. */
  answered(status: number, body: "json" | "html"): Answer;
}

/**
 * One process of the functions, seen from outside: the calls it makes. It can end at any of them; from then on nothing it
 * tries has any effect. Its leases and claimed jobs stay behind.
 */
export class FunctionsProcess {
  /** The process is out of time: its further claims return no jobs. */
  claimsNoMore = false;
  #ended = false;
  #calls = new Set<Promise<unknown>>();
  #stalled = Promise.withResolvers<void>();

  constructor(private readonly traps: readonly Trap[], private readonly underway: Underway) {}

  /** Resolves when one of its calls stalls. */
  get stalled(): Promise<void> {
    return this.#stalled.promise;
  }

  /** Resolves when none of its calls is running, except those that stall. */
  async idle(): Promise<void> {
    while (this.#calls.size > 0) {
      await Promise.allSettled([...this.#calls]);
      // Wait a turn: code that awaits a response starts its next calls only after its promise has settled.
      await setImmediate();
    }
  }

  async call<Answer>(call: OutsideCall<Answer>): Promise<Answer> {
    if (this.#ended) throw new ProcessEnded();
    this.underway.saw(call.point);
    const trap = this.traps.find((candidate) => candidate.springs(call.point));
    const answer = trap === undefined ? await this.#send(call) : await this.#under(trap.fault, call);
    if (this.#ended) throw new ProcessEnded();
    return answer;
  }

  async #send<Answer>({ send }: OutsideCall<Answer>): Promise<Answer> {
    const sending = send();
    this.#calls.add(sending);
    try {
      return await sending;
    } finally {
      this.#calls.delete(sending);
    }
  }

  async #under<Answer>(fault: Fault, call: OutsideCall<Answer>): Promise<Answer> {
    switch (fault) {
      case "dies before":
        return this.#end();
      case "dies after commit":
        await this.#send(call);
        return this.#end();
      case "times out after commit":
        await this.#send(call);
        return call.unanswered();
      case "is lost":
        return call.unanswered();
      case "429":
        return call.answered(429, "json");
      case "500":
        return call.answered(500, "json");
      case "503 with HTML":
        return call.answered(503, "html");
      case "arrives late":
        if (changesTwilio(call.point)) this.underway.late(call.send);
        return call.unanswered();
      case "stalls before":
        await this.#stall();
        return await this.#send(call);
      case "stalls after commit": {
        const answer = await this.#send(call);
        await this.#stall();
        return answer;
      }
    }
  }

  async #stall(): Promise<void> {
    this.#stalled.resolve();
    await this.underway.stall();
  }

  #end(): never {
    this.#ended = true;
    throw new ProcessEnded();
  }
}
