import fc from "fast-check";
import type { Stage } from "../support/stage.ts";
import { allow, newcomer, withNumber } from "../support/tenants.ts";
import { tokenFor } from "../support/tokens.ts";
import { requestsTo } from "./fuzz/arbitrary.ts";
import { castOf, credentialsOf } from "./fuzz/credentials.ts";
import { deployedFunctions, endpoints } from "./fuzz/endpoints.ts";
import { wrongAfter } from "./fuzz/invariants.ts";
import { curlOf, type FuzzRequest } from "./fuzz/request.ts";
import { send } from "./fuzz/send.ts";
import { wrongWith } from "./fuzz/verdict.ts";

export interface FuzzOptions {
  /** The number of requests. */
  requests: number;
  /** The same seed makes the same requests, with the same number of lanes. */
  seed: number;
}

export interface FuzzReport {
  /** Each with the request that caused it, minimised, as a curl command. */
  failures: string[];
  requests: number;
  functions: string[];
  /** The number of responses by status. */
  statuses: Map<number, number>;
  slowest: number;
  /** The longest time that another tenant waited for a plain request, in milliseconds. */
  neighbourWaited: number;
  violations: string[];
}

const PATIENCE_MS = 10_000;
/** The number of concurrent requests. */
const LANES = 4;
/** The time between two requests of the neighbour. */
const BETWEEN_MS = 50;
const LONGEST_MS = 40 * 60_000;

/** Sends random requests to every function, and checks each response and the state afterwards. */
export async function fuzz(stage: Stage, { requests, seed }: FuzzOptions): Promise<FuzzReport> {
  const [alice, bob, boss, neighbour] = await Promise.all([
    withNumber(stage, "alice"),
    newcomer(stage, "bob"),
    newcomer(stage, "boss"),
    newcomer(stage, "neighbour"),
  ]);
  await allow(stage, alice, { numbers: 10_000, daily: 1_000_000, monthly: 1_000_000 });
  const operatorToken = await tokenFor(stage.state, { sub: boss.id, app_metadata: { role: "operator" } }, "3h");
  const cast = await castOf(stage.state, {
    ...alice,
    accessToken: await tokenFor(stage.state, { sub: alice.id }, "3h"),
  }, operatorToken);
  const known = endpoints(alice, bob.id);
  const functions = await deployedFunctions();
  const untried = functions.filter((name) => known[name] === undefined);
  if (untried.length > 0) throw new Error(`Cannot fuzz "${untried}": add its requests to endpoints.ts`);

  const report: FuzzReport = {
    failures: [],
    requests: 0,
    functions,
    statuses: new Map(),
    slowest: 0,
    neighbourWaited: 0,
    violations: [],
  };
  const urlOf = ({ name, path, query }: FuzzRequest) => `${stage.state.apiUrl}/functions/v1/${name}${path}${query}`;
  const headersOf = async (request: FuzzRequest) => {
    return [...await credentialsOf(request, urlOf(request), cast), ...request.headers];
  };
  const tryOut = async (request: FuzzRequest) => {
    report.requests++;
    const answer = await send(urlOf(request), request, await headersOf(request), PATIENCE_MS);
    report.statuses.set(answer.status, (report.statuses.get(answer.status) ?? 0) + 1);
    report.slowest = Math.max(report.slowest, answer.took);
    const wrong = wrongWith(request, answer, known[request.name]!.admits);
    if (wrong !== null) throw new Error(`${wrong}: ${answer.status} ${answer.text.slice(0, 500)}`);
  };
  const anyRequest = fc.oneof(...functions.map((name) => requestsTo(name, known[name]!)));
  const attack = Promise.all(Array.from({ length: LANES }, async (_, lane) => {
    const outcome = await fc.check(fc.asyncProperty(anyRequest, tryOut), {
      seed: seed + lane,
      numRuns: Math.ceil(requests / LANES),
      interruptAfterTimeLimit: LONGEST_MS,
      markInterruptAsFailure: true,
    });
    if (!outcome.failed) return;
    const [request] = outcome.counterexample ?? [];
    const curl = request && curlOf(urlOf(request), request, await headersOf(request)).slice(0, 4_000);
    report.failures.push(`${outcome.errorInstance ?? "interrupted"}\n  ${request?.credential}, ${curl}`);
  }));
  const ended = attack.then(() => true);
  do {
    const began = performance.now();
    const { status } = await neighbour.call("list-numbers");
    if (status !== 200) report.failures.push(`the neighbour's request was answered with ${status}`);
    report.neighbourWaited = Math.max(report.neighbourWaited, performance.now() - began);
  } while (!await Promise.race([ended, pause()]));
  report.violations = await wrongAfter(stage, {
    userIds: [alice.id, bob.id, boss.id, neighbour.id],
    operatorId: boss.id,
  });
  return report;
}

const pause = () => new Promise<false>((resolve) => setTimeout(() => resolve(false), BETWEEN_MS));

/** The report in one line. */
export function describeFuzz(
  { requests, functions, statuses, slowest, neighbourWaited }: FuzzReport,
  seed: number,
): string {
  const answers = [...statuses].sort(([a], [b]) => a - b).map(([status, times]) => `${times} × ${status}`).join(", ");
  return `fuzz: ${requests} requests to ${functions.length} functions from seed ${seed}; ${answers}; slowest ${
    Math.round(slowest)
  } ms; a neighbour waited ${Math.round(neighbourWaited)} ms at most`;
}
