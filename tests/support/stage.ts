import { type Stack, type StackOptions, startStack } from "../../local/stack.ts";
import type { StackState } from "../../local/stack-state.ts";
import { type DatabaseSide, databaseSide } from "./database-side.ts";
import { type StripeSide, stripeSide } from "../../local/driver/stripe-side.ts";
import { type TwilioSide, twilioSide } from "../../local/driver/twilio-side.ts";
import { holdResponses } from "./held-responses.ts";
import { stackUnderTest } from "./stack.ts";

/** The stack under test and the three worlds behind it. What is in here is there once the tests run. */
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

/** A stage of one file alone. */
export interface OwnStage {
  stage: Stage;
  /** The stack itself, to kill or restart what is in it. */
  stack(): Stack;
  /** What the stack told since it started, the functions' log lines among it. */
  log: readonly string[];
}

/**
 * Starts a stack for the tests of this file, with settings no other file may meet. Call it once per file, before the tests.
 * SWITCHBOARD_FUNCTIONS_DENO names another Deno to run the functions on.
 */
export function ownStage(options: Pick<StackOptions, "env" | "scheduler">): OwnStage {
  holdResponses();
  const log: string[] = [];
  let started: Stack | undefined;
  function stack(): Stack {
    if (started === undefined) throw new Error("The stack is there once the tests run: use it inside them");
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

/** A test on a stage: what the stage holds open outlives a test, so its sockets and timers are none of the test's. */
export function test(title: string, body: () => Promise<void>): void {
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, body);
}
