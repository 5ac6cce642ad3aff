import { join, resolve } from "node:path";
import postgres from "postgres";
import { CleanUps } from "./clean-ups.ts";
import { prepareConsole } from "./console.ts";
import { openDataApi } from "./database/data-api.ts";
import { withPlatformAuth } from "./database/platform-auth.ts";
import { openDatabase } from "./database/database.ts";
import { DEMO_PASSWORD, demoTenants, demoUsers, randomPassword, setDemoPasswords } from "./database/demo-users.ts";
import { offerFirstNumber } from "./database/offer-number.ts";
import { fileExists } from "./files.ts";
import { readFunctionsConfig } from "./functions/config.ts";
import { watchFunctions } from "./functions/watch.ts";
import { authLimits } from "./gateway/auth-limits.ts";
import { startGateway } from "./gateway/server.ts";
import { createUserTokens } from "./gateway/user-tokens.ts";
import { setUpSimulator } from "./metering/simulated.ts";
import type { StripeService } from "./services.ts";
import { type Homes, makeHomes } from "./homes.ts";
import { takeLock } from "./locks.ts";
import { Mailbox } from "./mail/mailbox.ts";
import { postgresAccount } from "./postgres/account.ts";
import { startScheduler } from "./scheduler.ts";
import { openSecrets } from "./secrets.ts";
import { resolveOptions, type StackOptions } from "./settings.ts";
import { startParts } from "./stack-parts.ts";
import {
  removeStackState,
  type StackState,
  stripeState,
  twilioState,
  usesRealService,
  writeStackState,
} from "./stack-state.ts";

export type { StackOptions, StackState };

export interface Stack {
  /** The current state: `functions.pid` changes with each restart. */
  readonly state: StackState;
  /** A superuser connection, closed when the stack stops. */
  sql: postgres.Sql;
  /** Stops the functions process and resolves when a new one serves the current sources. */
  restartFunctions(): Promise<void>;
  /** Kills the functions process. The stack restarts it, as after a crash. */
  killFunctions(signal?: Deno.Signal): void;
  /** Stops every process of the stack. May be called more than once. */
  stop(): Promise<void>;
}

/** Another stack uses the data folder. */
export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
}

/**
 * Starts the stack and resolves when every part accepts requests. After a failure, stops the parts that had started.
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const cleanUps = new CleanUps();
  try {
    return await assemble(options, cleanUps);
  } catch (error) {
    await cleanUps.run();
    throw error;
  }
}

async function assemble(options: StackOptions, cleanUps: CleanUps): Promise<Stack> {
  const settings = resolveOptions(options);
  const { projectDir, ephemeral, demo, port, log } = settings;

  // The gateway comes first: other parts need its address, and a port in use must be reported before any work is done.
  const gateway = startGateway(port, { everywhere: settings.callers, functions: settings.functionCallers });
  cleanUps.add(() => gateway.stop());
  const consoleReady = options.buildConsole ? prepareConsole(log) : undefined;
  const account = await postgresAccount(log);
  const homes = await makeHomes({ projectDir, ephemeral, demo, account, dataDir: options.dataDir });
  if (ephemeral) cleanUps.add(() => removeIfThere(homes.data));
  const lock = await lockHome(homes);
  cleanUps.add(() => lock[Symbol.dispose]());
  const database = await openDatabase({ homes, projectDir, account, port: settings.portNear(1), log });
  const secrets = await openSecrets(join(homes.data, "secrets.json"));
  const tokens = await createUserTokens({ ...secrets, issuer: `${gateway.url}/auth/v1` });

  const parts = await startParts({ settings, gateway, homes, database, secrets, tokens, cleanUps });
  const { server, twilio, stripe, functions } = parts;
  // Runs before the functions' step: the simulators send webhooks to the functions. Stopping a simulator twice is
  // harmless.
  cleanUps.add(() => Promise.all([twilio.stop(), stripe.stop()]));
  const sql = postgres(server.url, { max: 4, onnotice: () => {} });
  cleanUps.add(() => sql.end());
  const mailbox = new Mailbox();
  const lite = openDataApi({
    databaseUrl: server.url,
    ...secrets,
    tokenLifetime: 3600,
    mail: { driver: mailbox.driver, siteUrl: gateway.url, confirmEmails: options.confirmEmails ?? false },
    log,
  });
  const api = withPlatformAuth(lite, { sql, mailbox, url: gateway.url });
  cleanUps.add(() => api.close());
  await sql.listen("pgrst", () => api.reload());

  const isReal = usesRealService(parts);
  const password = isReal ? randomPassword() : DEMO_PASSWORD;
  const users = demoUsers(password);
  await setDemoPasswords([...users, ...demoTenants(password)], sql);
  if (stripe.simulated) await setUpSimulatedMetering(stripe, sql);
  const state = (): StackState => ({
    apiUrl: gateway.url,
    dbUrl: server.url,
    publishableKey: secrets.publishableKey,
    secretKey: secrets.secretKey,
    consoleUrl: `${gateway.url}/`,
    twilio: twilioState(twilio),
    stripe: stripeState(stripe),
    users,
    functions: { pid: functions.pid() },
    postgres: { pid: server.pid },
    dataDir: homes.data,
    pid: Deno.pid,
  });
  await consoleReady;
  gateway.open({
    api,
    tokens,
    functions: { process: functions, config: await readFunctionsConfig(projectDir, settings.functionFolders) },
    state: state(),
    mailbox,
    authLimits: options.authRateLimits ?? !ephemeral ? authLimits() : null,
    consoleFolder: join(projectDir, "console", "dist"),
  });
  if (options.watch) {
    const watching = watchFunctions(projectDir, () => functions.restart(), log);
    cleanUps.add(() => watching.stop());
  }
  if (options.scheduler !== false) {
    const url = `${gateway.url}/functions/v1/run-jobs`;
    const scheduler = startScheduler({
      url,
      secretKey: secrets.secretKey,
      interval: options.scheduler ?? 1000,
      log,
      // A project may lack the function, and then has no idle calls to save.
      isDue: (lane) => sql`select private.has_due_jobs(${lane}) as due`.then(([row]) => row!["due"], () => true),
    });
    cleanUps.add(() => scheduler.stop());
    await scheduler.first; // Jobs that are due at the start create, among others, the shared numbers.
    if (twilio.simulated) await offerFirstNumber(sql, log);
  }
  if (options.stateFile !== undefined) {
    const file = resolve(options.stateFile);
    await writeStackState(file, state());
    cleanUps.add(() => removeStackState(file, Deno.pid));
  }
  return {
    get state() {
      return state();
    },
    sql,
    restartFunctions: () => functions.restart(),
    killFunctions: (signal = "SIGKILL") => functions.kill(signal),
    stop: () => cleanUps.run(),
  };
}

async function lockHome(homes: Homes): Promise<Disposable> {
  const lock = await takeLock(join(homes.data, "lock"));
  if (lock) return lock;
  throw new AlreadyRunningError(
    `Cannot use the data folder "${homes.data}": another stack runs on it; stop that stack or set another folder with --data DIR`,
  );
}

async function removeIfThere(folder: string): Promise<void> {
  if (await fileExists(folder)) await Deno.remove(folder, { recursive: true });
}

/** The simulator has no operator who would run `stripe:setup`. */
async function setUpSimulatedMetering({ secretKey, apiBaseUrl }: StripeService, sql: postgres.Sql): Promise<void> {
  const [project] = await sql`select to_regclass('public.plans') is not null as has_plans`;
  if (!project!["has_plans"]) return;
  const plans = await sql<{ key: string; stripe_price_id: string | null }[]>`
    select key, stripe_price_id from public.plans where key not in ('fallback', 'free')`;
  await setUpSimulator({ url: apiBaseUrl!, secretKey }, plans);
}
