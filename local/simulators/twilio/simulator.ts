import { answerApi } from "./api.ts";
import { chargeMessage } from "./charges.ts";
import { type AllowedCallers, LOOPBACK_ONLY } from "../../callers.ts";
import { answerControl, controlRoutes } from "./control.ts";
import { type Handler, inProcessFetch, serveHttp } from "../http-server.ts";
import { readSnapshot, SnapshotFile } from "../snapshot-file.ts";
import { type HttpAnswer, type HttpRequest, requestOf, responseOf } from "./http.ts";
import { resumeLifecycles } from "./message-lifecycle.ts";
import { loadPage } from "./page-assets.ts";
import { answerStorage, STORAGE_PREFIX } from "./media-storage.ts";
import { newPhoneNumber } from "./purchase.ts";
import { newAccount } from "./resources/accounts.ts";
import { createSimulation, DEFAULT_SETTINGS, type Settings, type Simulation } from "./simulation.ts";
import { sendWebhook } from "./webhooks/send-webhook.ts";
import { Store, type StoreSnapshot } from "./store.ts";
import { evaluateRegularly } from "./trigger-firing.ts";

/** The options of a simulator. The settings (see `Settings`) can also be changed at run time. */
export interface TwilioSimulatorOptions extends Partial<Settings> {
  /** Default: 0, which selects a free port. */
  port?: number;
  /** Whose requests are answered. Default: those of loopback names. */
  callers?: AllowedCallers;
  /** The SID of the master account. Default: from the state file, else generated. */
  accountSid?: string;
  /** The auth token of the master account. Default: from the state file, else generated. */
  authToken?: string;
  /** A JSON file with the state, loaded at start if it exists, and written after changes. It contains tokens. */
  stateFile?: string;
  /** Whether the master account starts with two SMS-capable US numbers. Default: true. */
  seedMasterNumbers?: boolean;
  /** Whether a webhook may be sent to a URL now. Otherwise it is dropped. Default: always. */
  mayCall?: (url: string) => Promise<boolean>;
  /** Receives one line for each request and webhook, without credentials. */
  log?: (line: string) => void;
}

export interface TwilioSimulator {
  /** `http://127.0.0.1:<port>`, which also serves the page with the phones. */
  url: string;
  accountSid: string;
  authToken: string;
  /** A `fetch` for callers in this process, without a connection. */
  fetch: typeof fetch;
  /** Stops timers and the server, closes connections and writes the state file. */
  stop(): Promise<void>;
}

/** Starts a Twilio simulator. A process can run several. */
export async function startTwilioSimulator(options: TwilioSimulatorOptions = {}): Promise<TwilioSimulator> {
  const store = new Store();
  const log = options.log ?? (() => {});
  const stateFile = new SnapshotFile(options.stateFile, () => store.snapshot(), log);
  const loaded = await loadState(options.stateFile, store);
  if (loaded) adoptCredentials(store, options);
  else createMaster(store, options);
  const simulation = createSimulation(store, settingsOf(options), guarded(options.mayCall), log);
  if (loaded && loaded.charges === undefined) chargeOldMessages(simulation);
  const controls = controlRoutes(() => resetSimulation(simulation, options));
  const page = await loadPage();
  const answer = (request: HttpRequest): Promise<HttpAnswer> => {
    const asset = request.method === "GET" ? page.get(request.path) : undefined;
    if (asset) return Promise.resolve(asset);
    if (request.path.startsWith(STORAGE_PREFIX)) return Promise.resolve(answerStorage(simulation, request));
    if (request.path.startsWith("/_sim/")) return answerControl(controls, simulation, request);
    return answerApi(simulation, request);
  };
  const handler: Handler = async (request, { drop }) => {
    const answered = await answer(await requestOf(request));
    if (answered !== "drop") return responseOf(answered);
    drop();
    return new Response(null);
  };
  const server = await serveHttp(options.port ?? 0, options.callers ?? LOOPBACK_ONLY, handler);
  store.apiUrl = server.url;
  const unsubscribe = store.onChange(() => stateFile.changed());
  stateFile.changed();
  await stateFile.flush();
  resumeLifecycles(simulation);
  evaluateRegularly(simulation);
  return {
    url: server.url,
    accountSid: store.master.sid,
    authToken: store.master.authToken,
    fetch: inProcessFetch(handler),
    async stop() {
      simulation.timers.stop();
      await server.stop();
      unsubscribe();
      await stateFile.flush();
    },
  };
}

/** Sends webhooks only to URLs that may be called. */
function guarded(mayCall: TwilioSimulatorOptions["mayCall"]): typeof sendWebhook {
  if (mayCall === undefined) return sendWebhook;
  return async (simulation, webhook) =>
    await mayCall(webhook.url)
      ? await sendWebhook(simulation, webhook)
      : { status: null, contentType: "", body: "", error: "not sent: this simulator may not call the URL" };
}

/** Loads the state file and returns it. Returns null if it does not exist. @throws Error if it is not a version 1 state file */
async function loadState(path: string | undefined, store: Store): Promise<StoreSnapshot | null> {
  const snapshot = path === undefined ? null : await readSnapshot(path) as StoreSnapshot | null | undefined;
  if (snapshot === null) return null;
  if (snapshot?.version !== 1 || !Array.isArray(snapshot.accounts)) {
    throw new Error(`Cannot load the state of the Twilio simulator: "${path}" is not a version 1 state file`);
  }
  store.load(snapshot);
  return snapshot;
}

/** State files from before there was a ledger of charges contain the charged messages only. */
function chargeOldMessages(simulation: Simulation): void {
  for (const message of simulation.store.messages.values()) {
    if (message.sentAt !== null && message.status !== "failed") chargeMessage(simulation, message);
  }
}

/** Restores the initial state. Keeps the master's credentials, so that running clients continue to work. */
function resetSimulation(simulation: Simulation, options: TwilioSimulatorOptions): void {
  const { sid, authToken } = simulation.store.master;
  simulation.timers.clear();
  simulation.store.clear();
  createMaster(simulation.store, { ...options, accountSid: sid, authToken });
  simulation.faults.clear();
  simulation.requests.clear();
  simulation.callbacks.clear();
  Object.assign(simulation.settings, settingsOf(options));
  evaluateRegularly(simulation);
}

function settingsOf(options: TwilioSimulatorOptions): Settings {
  const names = Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[];
  const chosen = names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  return structuredClone({ ...DEFAULT_SETTINGS, ...Object.fromEntries(chosen) });
}

function createMaster(store: Store, options: TwilioSimulatorOptions): void {
  const master = newAccount(store.nextSeq(), "Switchboard (master)");
  master.sid = master.ownerSid = options.accountSid ?? master.sid;
  master.authToken = options.authToken ?? master.authToken;
  master.type = options.trialVerifiedNumbers ? "Trial" : "Full";
  store.accounts.set(master.sid, master);
  store.masterSid = master.sid;
  if (options.seedMasterNumbers ?? true) seedNumbers(store, master.sid);
  store.changed();
}

function seedNumbers(store: Store, accountSid: string): void {
  for (const areaCode of ["415", "212"]) {
    newPhoneNumber(store, accountSid, { areaCode, phoneNumber: null, addressSid: null, bundleSid: null }, {});
  }
}

/**
 * Applies the credentials in the options to a loaded state. The token can change, the SID must match the state file.
 */
function adoptCredentials(store: Store, { accountSid, authToken, stateFile }: TwilioSimulatorOptions): void {
  if (accountSid !== undefined && accountSid !== store.masterSid) {
    throw new Error(
      `Cannot start the Twilio simulator: "${stateFile}" belongs to "${store.masterSid}", not to "${accountSid}"`,
    );
  }
  if (authToken !== undefined) store.master.authToken = authToken;
}
