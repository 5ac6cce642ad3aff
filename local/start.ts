/**
 * `deno task start`: boots the local stack and runs until Ctrl-C.
 *
 * This file imports nothing from npm, so that a first run can log the download before it begins.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { allowedCallers } from "./callers.ts";
import { DEMO_PASSWORD, demoTenants, type DemoUser } from "./database/demo-users.ts";
import { downloadOnFirstRun } from "./first-run.ts";
import { whenLauncherEnds } from "./launcher.ts";
import type { Stack, StackOptions } from "./stack.ts";

const USAGE =
  `Usage: deno task start [--demo] [--ephemeral] [--port N] [--host NAME] [--data DIR] [--state FILE] [--no-scheduler]

Boots Postgres, the Auth and Data APIs, the Edge Functions and the Twilio and Stripe simulators. The functions restart
when their sources change.

  --demo             add demo data: two small businesses with two months of messages, usage, campaigns and statements, one
                     of them unpaid, and work for the operator (about a minute, once). Without --data, the data are kept
                     in a folder of their own
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
  const stopping = stopOnSignal(starting);
  try {
    const stack = await starting;
    const more = options.demo ? await withDemoData(stack) : [];
    console.log(summary(stack, performance.now() - started, more));
  } catch (error) {
    if (stopping.begun) return; // what is interrupted fails
    console.error(isExpected(error) ? error.message : error);
    await starting.then((stack) => stack.stop(), () => {});
    Deno.exit(1);
  }
}

/** Adds demo data unless they are there, and returns the users who sign in to them. */
async function withDemoData({ state, sql }: Stack): Promise<DemoUser[]> {
  const { addDemoData } = await import(new URL("./demo-data/add.ts", import.meta.url).href) as //
  typeof import("./demo-data/add.ts");
  await addDemoData({ state, sql }, (line) => console.log(`  ${line}`));
  return demoTenants(DEMO_PASSWORD);
}

function optionsFrom(args: string[]): StackOptions {
  try {
    const { values } = parseArgs({
      args,
      options: {
        demo: { type: "boolean" },
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
    if (values.demo) expectSimulators();
    return {
      log: (line) => console.log(`  ${line}`),
      stateFile: values.state ?? DEFAULT_STATE_FILE,
      watch: true,
      buildConsole: true,
      ...(values.demo && { demo: true }),
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

/** Before a real account is used for anything. @throws Error if the environment has one */
function expectSimulators(): void {
  const real = [["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"], ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"]]
    .filter((names) => names.every((name) => Deno.env.get(name)));
  if (real.length === 0) return;
  throw new Error(`Cannot add demo data with a real account: unset ${real.flat().join(", ")}, or start without --demo`);
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
function stopOnSignal(starting: Promise<Stack>): { readonly begun: boolean } {
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
  return {
    get begun() {
      return first !== undefined;
    },
  };
}

/** Returns whether the message of the error is enough for the user, without a stack trace. */
function isExpected(error: unknown): error is Error {
  const names = [
    "PortTakenError",
    "AlreadyRunningError",
    "UnreachableFolderError",
    "ForeignMigrationsError",
    "DemoDataError",
  ];
  return error instanceof Error && names.includes(error.name);
}

/** Returns what a started stack prints. The random passwords of a stack with a real account are on no page. */
export function summary(
  { state }: Pick<Stack, "state">,
  milliseconds: number,
  more: readonly DemoUser[] = [],
): string {
  const { apiUrl, consoleUrl, twilio, stripe, users } = state;
  const width = Math.max(...[...state.users, ...more].map(({ email }) => email.length));
  const isReal = !twilio.simulated || !stripe.simulated;
  return `
Switchboard is up after ${(milliseconds / 1000).toFixed(1)} s

  Console         ${consoleUrl}
  Phones          ${twilio.pageUrl ?? "none: Twilio is not simulated"}
  Subscriptions   ${stripe.pageUrl ?? "none: Stripe is not simulated"}
  Functions       ${apiUrl}/functions/v1/<name>
  Database        ${state.dbUrl}
  Publishable key ${state.publishableKey}

${
    [...users, ...more].map(({ email, password, role }) => `  ${role.padEnd(15)} ${email.padEnd(width)}  ${password}`)
      .join("\n")
  }${isReal ? REAL_ACCOUNT : ""}

${
    more.length > 0
      ? `The last ${more.length} users have demo data. `
      : ""
  }Sign in to the console, subscribe on the Stripe page, and send texts from the phones. Press Ctrl-C to stop.
ready ${apiUrl}`;
}
