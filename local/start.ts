/**
 * `deno task start`: boots the local stack and runs until Ctrl-C.
 *
 * This file imports nothing from npm, so that a first run can log the download before it begins.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { allowedCallers } from "./callers.ts";
import { downloadOnFirstRun } from "./first-run.ts";
import { whenLauncherEnds } from "./launcher.ts";
import type { Stack, StackOptions } from "./stack.ts";

const USAGE =
  `Usage: deno task start [--ephemeral] [--port N] [--host NAME] [--data DIR] [--state FILE] [--no-scheduler]

Boots Postgres, the Auth and Data APIs, the Edge Functions and the Twilio and Stripe simulators. The functions restart
when their sources change.

  --ephemeral        use a temporary folder and free ports; remove the folder at the end
  --port N           the port of the API (default: 54321); the database and the simulators use ports near it
  --host NAME        answer requests to this host name too, for example that of a tunnel; may be repeated. Without it the
                     stack answers for loopback names, and its functions also for the host of PUBLIC_BASE_URL
  --data DIR         keep the data in DIR
  --state FILE       write the addresses and keys to FILE (default: .local/stack.json)
  --functions-deno V run the functions' bundles with Deno V from npm, for example 2.1.4, the version of the platform
  --no-scheduler     do not call run-jobs every second
  --help             show this help

To use a real account instead of a simulator, set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or STRIPE_SECRET_KEY and
STRIPE_WEBHOOK_SECRET. The demo users then get random passwords with each start, and the functions the closed defaults of
a deployment.`;

const REAL_ACCOUNT = `

This stack uses a real account, so the passwords are new and random with each start, and the functions have the
defaults of a deployment: set SELF_PROVISIONING, MASTER_FALLBACK and the like yourself if you need others.`;

const DEFAULT_STATE_FILE = fileURLToPath(new URL("../.local/stack.json", import.meta.url));

if (import.meta.main) await main(Deno.args);

async function main(args: string[]): Promise<void> {
  const options = optionsFrom(args);
  const started = performance.now();
  console.log("Starting Switchboard");
  await downloadOnFirstRun(console.log);
  // The specifier is computed, so that Deno loads the module and its npm packages only now.
  const { startStack } = await import(new URL("./stack.ts", import.meta.url).href) as typeof import("./stack.ts");
  const starting = startStack(options);
  stopOnSignal(starting);
  try {
    const stack = await starting;
    console.log(summary(stack, performance.now() - started));
  } catch (error) {
    console.error(isExpected(error) ? error.message : error);
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
        host: { type: "string", multiple: true },
        data: { type: "string" },
        state: { type: "string" },
        "functions-deno": { type: "string" },
        "no-scheduler": { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return exitWith(USAGE, 0);
    return {
      log: (line) => console.log(`  ${line}`),
      stateFile: values.state ?? DEFAULT_STATE_FILE,
      watch: true,
      buildConsole: true,
      ...(values.ephemeral && { ephemeral: true }),
      ...(values.port !== undefined && { port: portFrom(values.port) }),
      ...(values.host !== undefined && { hosts: hostsFrom(values.host) }),
      ...(values.data !== undefined && { dataDir: values.data }),
      ...(values["functions-deno"] !== undefined && { functionsDeno: values["functions-deno"] }),
      ...(values["no-scheduler"] && { scheduler: false as const }),
    };
  } catch (error) {
    return exitWith(`${error instanceof Error ? error.message : error}\n\n${USAGE}`, 2);
  }
}

function portFrom(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`Cannot use "${text}" as a port: not an integer from 0 to 65535`);
  }
  return port;
}

function hostsFrom(names: string[]): string[] {
  allowedCallers(names);
  return names;
}

function exitWith(text: string, code: number): never {
  if (code === 0) console.log(text);
  else console.error(text);
  Deno.exit(code);
}

/** One Ctrl-C arrives up to three times: from the terminal, from `npx` and from `deno task`, which both forward it. */
const SAME_SIGNAL_WITHIN_MS = 1_000;

/**
 * Stops the stack on the first signal, even while it starts. A second signal ends this process at once, and its child
 * processes with it. The end of the npx that launched this process counts as a signal.
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
        if (Date.now() - first > SAME_SIGNAL_WITHIN_MS) Deno.exit(130);
        return;
      }
      await stop();
    });
  }
}

/** Returns whether the message of the error is enough for the user, without a stack trace. */
function isExpected(error: unknown): error is Error {
  const names = ["PortTakenError", "AlreadyRunningError", "UnreachableFolderError", "ForeignMigrationsError"];
  return error instanceof Error && names.includes(error.name);
}

/** Returns what a started stack prints. The random passwords of a stack with a real account are on no page. */
export function summary({ state }: Pick<Stack, "state">, milliseconds: number): string {
  const { apiUrl, consoleUrl, twilio, stripe, users } = state;
  const isReal = !twilio.simulated || !stripe.simulated;
  return `
Switchboard is up after ${(milliseconds / 1000).toFixed(1)} s

  Console         ${consoleUrl}
  Phones          ${twilio.pageUrl ?? "none: Twilio is not simulated"}
  Subscriptions   ${stripe.pageUrl ?? "none: Stripe is not simulated"}
  Functions       ${apiUrl}/functions/v1/<name>
  Database        ${state.dbUrl}
  Publishable key ${state.publishableKey}

${users.map(({ email, password, role }) => `  ${role.padEnd(15)} ${email}  ${password}`).join("\n")}${
    isReal ? REAL_ACCOUNT : ""
  }

Sign in to the console, subscribe on the Stripe page, and send texts from the phones. Press Ctrl-C to stop.
ready ${apiUrl}`;
}
