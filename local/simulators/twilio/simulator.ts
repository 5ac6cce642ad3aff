import { answerApi } from "./api.ts";
import { answerControl, controlRoutes } from "./control.ts";
import { type Handler, inProcessFetch, serveHttp } from "../http-server.ts";
import { readSnapshot, SnapshotFile } from "../snapshot-file.ts";
import { type HttpAnswer, type HttpRequest, requestOf, responseOf } from "./http.ts";
import { resumeLives } from "./message-life.ts";
import { loadPage } from "./page-assets.ts";
import { newPhoneNumber } from "./purchase.ts";
import { newAccount } from "./resources/accounts.ts";
import {
  createSimulation,
  type InactiveAccountCode,
  type Lifecycle,
  type Settings,
  type Simulation,
} from "./simulation.ts";
import { sendWebhook } from "./webhooks/send-webhook.ts";
import { Store, type StoreSnapshot } from "./store.ts";

const QUICK_LIFE: Lifecycle = { sentMs: 50, deliveredMs: 150, priceMs: 300 };

export interface TwilioSimulatorOptions {
  /** 0, the default, takes a free port. */
  port?: number;
  /** The master account's SID; from the state file, or generated, when absent. */
  accountSid?: string;
  /** The master account's auth token; from the state file, or generated, when absent. */
  authToken?: string;
  /** A JSON snapshot: loaded at start when it exists, written after changes and at the end. It holds tokens. */
  stateFile?: string;
  /** Whether StatusCallback may point to this machine (default). Twilio refuses that with 21609. */
  allowLocalCallbacks?: boolean;
  /** How long every API request takes at least. */
  latencyMs?: number;
  /** Milliseconds from a message's creation to `sent`, `delivered` and its price: 50, 150, 300. */
  lifecycle?: Lifecycle;
  /** Open subaccounts the master may have, 1000 by default; one more is 21480. */
  maxSubaccounts?: number;
  /** Gives the master account two US numbers that can text (default). */
  seedMasterNumbers?: boolean;
  /** How requests made as a suspended or closed account are refused: 20005 by default, as nobody documents it. */
  inactiveAccountCode?: InactiveAccountCode;
  /** Adds `OptOutType` to inbound webhooks of keywords, as Advanced Opt-Out does. */
  advancedOptOut?: boolean;
  /** Whether keywords are answered and heeded (default). */
  keywordHandling?: boolean;
  /** Makes the master a trial account: one subaccount, and texts to these numbers only (21608 otherwise). */
  trialVerifiedNumbers?: string[];
  /** Receives one line for each request and webhook. No line holds a credential. */
  log?: (line: string) => void;
}

export interface TwilioSimulator {
  /** `http://127.0.0.1:<port>`, also the address of the page with the phones. */
  url: string;
  accountSid: string;
  authToken: string;
  /** `fetch` for callers in this process, without a connection. */
  fetch: typeof fetch;
  /** Ends timers, connections and the server, and writes the state file. */
  stop(): Promise<void>;
}

/** Starts a simulated Twilio. Several can run in one process. */
export async function startTwilioSimulator(options: TwilioSimulatorOptions = {}): Promise<TwilioSimulator> {
  const store = new Store();
  const log = options.log ?? (() => {});
  const stateFile = new SnapshotFile(options.stateFile, () => store.snapshot(), log);
  if (await loadState(options.stateFile, store)) adoptCredentials(store, options);
  else createMaster(store, options);
  const simulation = createSimulation(store, settingsOf(options), sendWebhook, log);
  const controls = controlRoutes(() => resetSimulation(simulation, options));
  const page = await loadPage();
  const answer = (request: HttpRequest): Promise<HttpAnswer> => {
    const asset = request.method === "GET" ? page.get(request.path) : undefined;
    if (asset) return Promise.resolve(asset);
    if (request.path.startsWith("/_sim/")) return answerControl(controls, simulation, request);
    return answerApi(simulation, request);
  };
  const handler: Handler = async (request, { drop }) => {
    const answered = await answer(await requestOf(request));
    if (answered !== "drop") return responseOf(answered);
    drop();
    return new Response(null);
  };
  const server = await serveHttp(options.port ?? 0, handler);
  const unfollow = store.onChange(() => stateFile.changed());
  stateFile.changed();
  await stateFile.flush();
  resumeLives(simulation);
  return {
    url: server.url,
    accountSid: store.master.sid,
    authToken: store.master.authToken,
    fetch: inProcessFetch(handler),
    async stop() {
      simulation.timers.stop();
      await server.stop();
      unfollow();
      await stateFile.flush();
    },
  };
}

/** Loads the state that an earlier run has kept; false when there is none yet. @throws Error when the file is none of ours */
async function loadState(path: string | undefined, store: Store): Promise<boolean> {
  const snapshot = path === undefined ? null : await readSnapshot(path) as StoreSnapshot | null | undefined;
  if (snapshot === null) return false;
  if (snapshot?.version !== 1 || !Array.isArray(snapshot.accounts)) {
    throw new Error(`Cannot load the Twilio simulator's state: "${path}" is not a version 1 state file`);
  }
  store.load(snapshot);
  return true;
}

/** Back to the first minute, except for the master's credentials: whoever holds them goes on. */
function resetSimulation(simulation: Simulation, options: TwilioSimulatorOptions): void {
  const { sid, authToken } = simulation.store.master;
  simulation.timers.clear();
  simulation.store.clear();
  createMaster(simulation.store, { ...options, accountSid: sid, authToken });
  simulation.faults.clear();
  simulation.requests.clear();
  simulation.callbacks.clear();
  Object.assign(simulation.settings, settingsOf(options));
}

function settingsOf(options: TwilioSimulatorOptions): Settings {
  return {
    latencyMs: options.latencyMs ?? 0,
    lifecycle: { ...(options.lifecycle ?? QUICK_LIFE) },
    inactiveAccountCode: options.inactiveAccountCode ?? 20005,
    allowLocalCallbacks: options.allowLocalCallbacks ?? true,
    maxSubaccounts: options.maxSubaccounts ?? 1000,
    advancedOptOut: options.advancedOptOut ?? false,
    keywordHandling: options.keywordHandling ?? true,
    trialVerifiedNumbers: options.trialVerifiedNumbers ?? null,
  };
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
    newPhoneNumber(store, accountSid, { areaCode, phoneNumber: null, addressSid: null, bundleSid: null });
  }
}

/** A state file goes with the master it was made for; only its token may be given anew. */
function adoptCredentials(store: Store, { accountSid, authToken, stateFile }: TwilioSimulatorOptions): void {
  if (accountSid !== undefined && accountSid !== store.masterSid) {
    throw new Error(
      `Cannot start the Twilio simulator: "${stateFile}" belongs to ${store.masterSid}, not to "${accountSid}"`,
    );
  }
  if (authToken !== undefined) store.master.authToken = authToken;
}
