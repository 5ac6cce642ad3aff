import type { CleanUps } from "./clean-ups.ts";
import type { Database } from "./database/database.ts";
import { functionsEnvironment } from "./functions/environment.ts";
import { type Functions, startFunctions } from "./functions/process.ts";
import type { Gateway } from "./gateway/server.ts";
import type { UserTokens } from "./gateway/user-tokens.ts";
import { timed } from "./log.ts";
import type { Server } from "./postgres/server.ts";
import type { Homes } from "./homes.ts";
import type { StackSecrets } from "./secrets.ts";
import { type ServiceOptions, startStripe, startTwilio, type StripeService, type TwilioService } from "./services.ts";
import type { Settings } from "./settings.ts";

export interface PartsOptions {
  settings: Settings;
  gateway: Gateway;
  homes: Homes;
  database: Database;
  secrets: StackSecrets;
  tokens: UserTokens;
  cleanUps: CleanUps;
}

export interface Parts {
  server: Server;
  twilio: TwilioService;
  stripe: StripeService;
  functions: Functions;
}

/**
 * Starts the database, the services and the functions in parallel, and adds a clean-up step for each.
 *
 * If one fails, it waits for the others to finish starting, so that their clean-up steps are registered.
 */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { settings: { log } } = options;
  const server = timed(log, "Database is ready", () => startServer(options));
  const services = Promise.all([startTwilioService(options), startStripeService(options)]);
  const functions = services.then(async ([twilio, stripe]) => {
    return await timed(log, "Functions are ready", () => startFunctionsProcess(options, twilio, stripe));
  });
  await Promise.allSettled([server, services, functions]);
  const [twilio, stripe] = await services;
  return { server: await server, twilio, stripe, functions: await functions };
}

async function startServer({ database, secrets, cleanUps, settings: { log } }: PartsOptions): Promise<Server> {
  const server = await database.start(secrets);
  let stopping = false;
  cleanUps.add(() => {
    stopping = true;
    return server.stop();
  });
  server.ended.then((code) => stopping || log(`Postgres exited with code ${code}: restart the stack`));
  return server;
}

async function startTwilioService({ settings, homes, cleanUps }: PartsOptions): Promise<TwilioService> {
  const twilio = await timed(settings.log, "Twilio is ready", () => startTwilio(serviceOptions(settings, homes, 3)));
  cleanUps.add(() => twilio.stop());
  return twilio;
}

async function startStripeService({ settings, gateway, homes, cleanUps }: PartsOptions): Promise<StripeService> {
  const webhookUrl = `${gateway.url}/functions/v1/stripe-webhook`;
  const addresses = { webhookUrl, thinWebhookUrl: `${webhookUrl}/thin`, returnUrl: `${gateway.url}/` };
  const stripe = await timed(settings.log, "Stripe is ready", () => {
    return startStripe({ ...serviceOptions(settings, homes, 4), ...addresses });
  });
  cleanUps.add(() => stripe.stop());
  return stripe;
}

function serviceOptions(settings: Settings, homes: Homes, portOffset: number): ServiceOptions {
  const { callers, env, log } = settings;
  return {
    callers,
    env,
    log,
    port: settings.listenNear(portOffset),
    stateFolder: homes.ephemeral ? undefined : homes.data,
  };
}

async function startFunctionsProcess(
  options: PartsOptions,
  twilio: TwilioService,
  stripe: StripeService,
): Promise<Functions> {
  const { settings, gateway, database, secrets, tokens, cleanUps } = options;
  const functions = await startFunctions({
    projectDir: settings.projectDir,
    denoVersion: settings.functionsDeno,
    callers: settings.functionCallers,
    moreFolders: settings.functionFolders,
    log: settings.log,
    env: functionsEnvironment({
      apiUrl: gateway.url,
      databaseUrl: await database.url,
      ...secrets,
      jwks: tokens.jwks,
      twilio,
      stripe,
      env: settings.env,
      given: settings.givenEnv,
    }),
  });
  cleanUps.add(() => functions.stop());
  return functions;
}
