/**
 * `deno task start`: boots the local stack and stays up until Ctrl-C.
 *
 * Imports nothing from npm itself, so that a first run can say what it downloads before it does.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { downloadOnFirstRun } from "./first-run.ts";
import { whenLauncherEnds } from "./launcher.ts";
import type { Stack, StackOptions } from "./stack.ts";

const USAGE = `Usage: deno task start [--ephemeral] [--port N] [--data DIR] [--state FILE] [--no-scheduler]

Boots Postgres, the Auth and Data APIs, the Edge Functions and the simulators of Twilio and Stripe. The functions are
started again whenever their sources change.

  --ephemeral        in a temporary folder on free ports; leaves nothing behind
  --port N           the port of the API, 54321 by default; the database and the simulators take ports near it
  --data DIR         keeps the data in DIR
  --state FILE       writes the addresses and keys to FILE, .local/stack.json by default
  --functions-deno V runs the functions with Deno V from npm, for example 2.1.4, the engine of the platform
  --no-scheduler     does not call run-jobs every second
  --help             shows this

TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN, or STRIPE_SECRET_KEY with STRIPE_WEBHOOK_SECRET, in the environment take the
place of the simulator.`;

const DEFAULT_STATE_FILE = fileURLToPath(new URL("../.local/stack.json", import.meta.url));

if (import.meta.main) await main(Deno.args);

async function main(args: string[]): Promise<void> {
  const options = optionsFrom(args);
  const started = performance.now();
  console.log("Starting Switchboard");
  await downloadOnFirstRun(console.log);
  // By a computed name, so that Deno loads it, and what it needs from npm, only now.
  const { startStack } = await import(new URL("./stack.ts", import.meta.url).href) as typeof import("./stack.ts");
  const starting = startStack(options);
  stopOnSignal(starting);
  try {
    const stack = await starting;
    console.log(summary(stack, performance.now() - started));
  } catch (error) {
    console.error(expected(error) ? error.message : error);
    Deno.exit(1);
  }
}

function optionsFrom(args: string[]): StackOptions {
  try {
    const { values } = parseArgs({
      args,
      options: {
        ephemeral: { type: "boolean" },
        port: { type: "string" },
        data: { type: "string" },
        state: { type: "string" },
        "functions-deno": { type: "string" },
        "no-scheduler": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return leave(USAGE, 0);
    return {
      log: (line) => console.log(`  ${line}`),
      stateFile: values.state ?? DEFAULT_STATE_FILE,
      watch: true,
      buildConsole: true,
      ...(values.ephemeral && { ephemeral: true }),
      ...(values.port !== undefined && { port: portFrom(values.port) }),
      ...(values.data !== undefined && { dataDir: values.data }),
      ...(values["functions-deno"] !== undefined && { functionsDeno: values["functions-deno"] }),
      ...(values["no-scheduler"] && { scheduler: false as const }),
    };
  } catch (error) {
    return leave(`${error instanceof Error ? error.message : error}\n\n${USAGE}`, 2);
  }
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`Cannot use "${text}" as a port`);
  return port;
}

function leave(text: string, code: number): never {
  if (code === 0) console.log(text);
  else console.error(text);
  Deno.exit(code);
}

/** One Ctrl-C arrives up to three times: from the terminal, and handed on by `npx` and by `deno task`. */
const SAME_SIGNAL_WITHIN = 1_000;

/**
 * The first signal stops the stack, also one that is still starting; the second ends this process, and the rest with it. The
 * end of the npx that launched this process counts as a signal.
 */
function stopOnSignal(starting: Promise<Stack>): void {
  let first: number | undefined;
  async function stop(): Promise<void> {
    first = Date.now();
    console.log("Stopping");
    const stack = await starting.catch(() => undefined);
    await stack?.stop();
    Deno.exit(0);
  }
  whenLauncherEnds(() => first === undefined && stop());
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, async () => {
      if (first !== undefined) {
        if (Date.now() - first > SAME_SIGNAL_WITHIN) Deno.exit(130);
        return;
      }
      await stop();
    });
  }
}

/** Errors that say all there is to say in their message. */
function expected(error: unknown): error is Error {
  const names = ["PortTakenError", "AlreadyRunningError", "UnreachableFolderError", "ForeignMigrationsError"];
  return error instanceof Error && names.includes(error.name);
}

function summary({ state }: Stack, milliseconds: number): string {
  const { apiUrl, consoleUrl, twilio, stripe, users } = state;
  return `
Switchboard is up after ${(milliseconds / 1000).toFixed(1)} s

  Console         ${consoleUrl}
  Phones          ${twilio.pageUrl ?? "the real Twilio"}
  Subscriptions   ${stripe.pageUrl ?? "the real Stripe"}
  Functions       ${apiUrl}/functions/v1/<name>
  Database        ${state.dbUrl}
  Publishable key ${state.publishableKey}

${users.map(({ email, password, role }) => `  ${role.padEnd(15)} ${email}  ${password}`).join("\n")}

Sign in to the console, subscribe with the Stripe page, and text with the phones. Ctrl-C stops everything.
ready ${apiUrl}`;
}
