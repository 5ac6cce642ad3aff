import { requireActive } from "./account-status.ts";
import { accountInPath, authenticate } from "./authentication.ts";
import { ApiError, notFound } from "./errors.ts";
import type { AnswerFault } from "./faults.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";
import { paramsAsJson, type RequestRecord } from "./journal.ts";
import { redirectToMedia } from "./media-storage.ts";
import { accountRoutes } from "./resources/accounts.ts";
import { addressRoutes } from "./resources/addresses.ts";
import { authTokenRoutes } from "./resources/auth-tokens.ts";
import { availableNumberRoutes } from "./resources/available-numbers.ts";
import { bundleRoutes } from "./resources/bundles.ts";
import { regulationRoutes } from "./resources/regulations.ts";
import { incomingNumberRoutes } from "./resources/incoming-numbers.ts";
import { messageRoutes } from "./resources/messages.ts";
import { messagePriceRoutes } from "./resources/message-prices.ts";
import { numberPriceRoutes } from "./resources/number-prices.ts";
import { usageRecordRoutes } from "./resources/usage-records.ts";
import { usageTriggerRoutes } from "./resources/usage-triggers.ts";
import { type Answer, type Route, routeOf } from "./router.ts";
import type { Simulation } from "./simulation.ts";

const ROUTES: Route[] = [
  ...accountRoutes,
  ...availableNumberRoutes,
  ...incomingNumberRoutes,
  ...messageRoutes,
  ...usageRecordRoutes,
  ...usageTriggerRoutes,
  ...authTokenRoutes,
  ...messagePriceRoutes,
  ...numberPriceRoutes,
  ...addressRoutes,
  ...bundleRoutes,
  ...regulationRoutes,
];

/** Answers one request to the Twilio API, applies faults and latency, and records the request. */
export async function answerApi(simulation: Simulation, request: HttpRequest): Promise<HttpAnswer> {
  const record = simulation.requests.add({
    at: new Date().toISOString(),
    method: request.method,
    path: request.path,
    query: paramsAsJson(request.query),
    form: paramsAsJson(request.form),
    account: null,
    status: null,
    dropped: false,
  });
  const answer = await answerThroughFaults(simulation, request, record);
  if (answer === "drop") record.dropped = true;
  else record.status = answer.status;
  simulation.log(`${request.method} ${request.path} → ${record.status ?? "dropped"}`);
  return answer;
}

async function answerThroughFaults(
  simulation: Simulation,
  request: HttpRequest,
  record: RequestRecord,
): Promise<HttpAnswer> {
  const fault = simulation.faults.takeAnswerFault(request.method, request.path);
  const delayMs = simulation.faults.takeDelay(request.method, request.path);
  if (simulation.settings.latencyMs > 0) await simulation.timers.sleep(simulation.settings.latencyMs);
  const isWorkDone = fault === undefined || fault.committed;
  const answer = isWorkDone ? answerCall(simulation, request, record) : undefined;
  if (delayMs > 0) await simulation.timers.sleep(delayMs);
  if (fault) return faultyAnswer(fault);
  return answer ? toHttp(answer) : "drop";
}

function answerCall(simulation: Simulation, request: HttpRequest, record: RequestRecord): Answer {
  try {
    return route(simulation, request, record);
  } catch (error) {
    if (error instanceof ApiError) return { status: error.status, body: error.toBody() };
    simulation.log(`Cannot answer ${request.method} ${request.path}: ${(error as Error).stack}`);
    const failure = new ApiError(20500, "An internal server error has occurred");
    return { status: failure.status, body: failure.toBody() };
  }
}

function route(simulation: Simulation, request: HttpRequest, record: RequestRecord): Answer {
  const { method, path, query, form } = request;
  const { store, settings } = simulation;
  const redirect = redirectToMedia(simulation, request, record);
  if (redirect !== null) return redirect;
  const actor = authenticate(store, request.authorization);
  record.account = actor.sid;
  const routing = routeOf(ROUTES, method, path);
  if (routing === "unknown") throw notFound(path);
  if ("allowed" in routing) throw new ApiError(20004, "Method not allowed", 405);
  const { route, params } = routing.match;
  if (route.inactiveAccountCode !== undefined) requireActive(simulation, actor, route.inactiveAccountCode);
  else if (method !== "GET" || !settings.inactiveAccountsRead) requireActive(simulation, actor);
  const account = params["account"] ? accountInPath(store, actor, params["account"], path) : actor;
  if (route.needsActiveAccount) requireActive(simulation, account);
  return route.handle({ simulation, actor, account, method, path, params, query, form });
}

function faultyAnswer(fault: AnswerFault): HttpAnswer {
  if (fault.type === "drop") return "drop";
  const { error, body, retryAfter } = fault;
  const { status } = error;
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  if (body === "empty") return { status, headers, body: "" };
  if (body === "html") {
    headers["content-type"] = "text/html; charset=utf-8";
    return { status, headers, body: `<html><body><h1>${status}</h1></body></html>` };
  }
  const json = toHttp({ status, body: error.toBody() });
  return json === "drop" ? json : { ...json, headers: { ...json.headers, ...headers } };
}

function toHttp({ status, body, location }: Answer): HttpAnswer {
  if (location !== undefined) return { status, headers: { location }, body: "" };
  const headers: Record<string, string> = { "content-type": "application/json;charset=utf-8" };
  if (status === 401) headers["www-authenticate"] = 'Basic realm="Twilio API"';
  if (body === undefined) return { status, headers: {}, body: "" };
  return { status, headers, body: JSON.stringify(body) };
}
