import { type Stack, type StackOptions, startStack } from "../../local/stack.ts";
import type { StackState } from "../../local/stack-state.ts";
import { type DatabaseSide, databaseSide } from "./database-side.ts";
import { type StripeSide, stripeSide } from "../../local/driver/stripe-side.ts";
import { type TwilioSide, twilioSide } from "../../local/driver/twilio-side.ts";
import { holdResponses } from "./held-responses.ts";
import { stackUnderTest } from "./stack.ts";

/** The stack under test, with Twilio, Stripe and the database behind it. Its fields are available while tests run. */
export class Stage {
  #sides: { twilio: TwilioSide; stripe: StripeSide; database: DatabaseSide } | undefined;

  constructor(private readonly stateNow: () => StackState) {
    Deno.test.afterAll(async () => await this.#sides?.database[Symbol.asyncDispose]());
  }

  get state(): StackState {
    return this.stateNow();
  }

  get twilio(): TwilioSide {
    return this.#open().twilio;
  }

  get stripe(): StripeSide {
    return this.#open().stripe;
  }

  get database(): DatabaseSide {
    return this.#open().database;
  }

  #open() {
    const state = this.stateNow();
    return this.#sides ??= { twilio: twilioSide(state), stripe: stripeSide(state), database: databaseSide(state) };
  }
}

/** The stage that all files of a run share. Call it once per file, before the tests. */
export function sharedStage(): Stage {
  const stack = stackUnderTest();
  return new Stage(() => stack.state);
}

/** A stage for one file only. */
export interface OwnStage {
  stage: Stage;
  /** The stack itself, so that a test can kill or restart its parts. */
  stack(): Stack;
  /** The output of the stack since its start, including the functions' log lines. */
  log: readonly string[];
}

/**
 * Starts a stack for the tests of this file, with settings that must not affect other files. Call it once per file, before
 * the tests.
 * SWITCHBOARD_FUNCTIONS_DENO names another Deno to run the functions on.
 */
export function ownStage(options: Pick<StackOptions, "env" | "scheduler">): OwnStage {
  holdResponses();
  const log: string[] = [];
  let started: Stack | undefined;
  function stack(): Stack {
    if (started === undefined) throw new Error("Cannot use the stack before the tests run: use it inside a test");
    return started;
  }
  Deno.test.beforeAll(async () => {
    const functionsDeno = Deno.env.get("SWITCHBOARD_FUNCTIONS_DENO");
    started = await startStack({
      ephemeral: true,
      scheduler: 250,
      log: (line) => log.push(line),
      ...(functionsDeno !== undefined && { functionsDeno }),
      ...options,
    });
  });
  Deno.test.afterAll(() => started?.stop());
  return { stage: new Stage(() => stack().state), stack, log };
}

/** A test on a stage. The stage's sockets and timers outlive a test, so they do not belong to the test. */
export function test(title: string, body: () => Promise<void>): void {
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, body);
}
