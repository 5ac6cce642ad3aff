import * as z from "zod";
import { type ApiError, errorOfCode } from "./errors.ts";
import { type RequestPattern, requestPattern } from "./request-pattern.ts";
import type { CallbackFault } from "./records.ts";

/**
 * Injected faults. One fault is `{ match?, times?, kind, … }`:
 *
 * | kind | effect |
 * |---|---|
 * | `drop_before` | the connection closes before the request has any effect |
 * | `drop_after_commit` | the request takes effect, then the connection closes without a response |
 * | `status:<400–599>`, or `429`, `500` … | responds with that status; the request has no effect |
 * | `error:<code>` | responds with that Twilio error, for example `error:21611`; the request has no effect |
 * | `delay:<ms>` | the request takes effect immediately, the response is delayed |
 * | `callbacks:late:<ms>` | each webhook of the message or inbound text is delayed |
 * | `callbacks:doubled` | each webhook is sent twice |
 * | `callbacks:reordered` | the status callbacks of the message are sent in reverse order |
 * | `callbacks:dropped` | no webhook is sent |
 *
 * A status fault and an error fault also accept `body` (`json` by default, `html`, `empty`), `retryAfter` in seconds (1
 * for a 429 by default, `null` for a 429 without the header), and `committed: true` (the request takes effect before the
 * response). An error fault also accepts `status` (by default that of the code: 429 for 20429, 400 for most) and
 * `message` (by default Twilio's title of the error).
 *
 * `match` selects the requests (see request-pattern.ts); without it, any API request. For callbacks it selects the
 * request that causes them: `POST /Messages` or `POST /_sim/inbound`. The callback of a usage trigger has no such request:
 * `FIRE /Usage/Triggers/*` selects it.
 *
 * `times` is the number of requests that the fault affects, 1 by default. The oldest matching fault is used. One
 * response fault, one delay and one callback fault can affect the same request.
 *
 * Connections are kept alive, as Twilio's are. If a reused connection closes, some runtimes repeat the request: `fetch`
 * in Deno 2.9 repeats even a POST unless its body is a stream. A drop fault reveals such repeats.
 */
const Kind = z.string().transform((text, context) => {
  const kind = parseKind(text);
  if (kind) return kind;
  context.addIssue({ code: "custom", message: `Cannot use the fault kind "${text}": it is unknown` });
  return z.NEVER;
});

const FaultRequest = z.strictObject({
  match: z.string().min(1).default("*"),
  times: z.int().min(1).max(1_000_000).default(1),
  kind: Kind,
  body: z.enum(["json", "html", "empty"]).optional(),
  retryAfter: z.int().min(0).nullable().optional(),
  committed: z.boolean().optional(),
  status: z.int().min(400).max(599).optional(),
  message: z.string().optional(),
}).superRefine((fault, context) => {
  const refuse = (name: "body" | "retryAfter" | "committed" | "status" | "message", kinds: string) => {
    if (fault[name] === undefined) return;
    context.addIssue({ code: "custom", path: [name], message: `Cannot use "${name}": only ${kinds} accepts it` });
  };
  if (fault.kind.type !== "error") {
    for (const name of ["status", "message"] as const) refuse(name, "an error fault");
  }
  if (fault.kind.type === "error" || fault.kind.type === "status") return;
  for (const name of ["body", "retryAfter", "committed"] as const) refuse(name, "a status or error fault");
});

type FaultKind =
  | { type: "drop"; committed: boolean }
  | { type: "status"; status: number }
  | { type: "error"; code: number }
  | { type: "delay"; ms: number }
  | { type: "callbacks"; fault: CallbackFault };

/** A fault that replaces the response of a request. */
export type AnswerFault =
  | { type: "drop"; committed: boolean }
  | {
    type: "status";
    error: ApiError;
    body: "json" | "html" | "empty";
    retryAfter: number | undefined;
    committed: boolean;
  };

interface Fault {
  id: number;
  match: string;
  kindText: string;
  remaining: number;
  hits: number;
  pattern: RequestPattern;
  kind: FaultKind;
  request: z.output<typeof FaultRequest>;
}

/** The faults that are waiting for a matching request. */
export class FaultBook {
  #faults: Fault[] = [];
  #lastId = 0;

  /** Adds the fault in `input`. @throws ZodError if `input` is not a valid fault */
  add(input: unknown): Record<string, unknown> {
    const request = FaultRequest.parse(input);
    const fault: Fault = {
      id: ++this.#lastId,
      match: request.match,
      kindText: (input as { kind: string }).kind,
      remaining: request.times,
      hits: 0,
      pattern: requestPattern(request.match),
      kind: request.kind,
      request,
    };
    this.#faults.push(fault);
    return describe(fault);
  }

  list(): Record<string, unknown>[] {
    return this.#faults.map(describe);
  }

  clear(): void {
    this.#faults = [];
  }

  takeAnswerFault(method: string, path: string): AnswerFault | undefined {
    const fault = this.#take(method, path, (kind) => ["drop", "status", "error"].includes(kind.type));
    if (!fault) return undefined;
    if (fault.kind.type === "drop") return fault.kind;
    const error = errorOf(fault);
    if (!error) return undefined;
    const { body = "json", retryAfter, committed = false } = fault.request;
    const wait = retryAfter === undefined && error.status === 429 ? 1 : retryAfter ?? undefined;
    return { type: "status", error, body, retryAfter: wait, committed };
  }

  takeDelay(method: string, path: string): number {
    const fault = this.#take(method, path, (kind) => kind.type === "delay");
    return fault?.kind.type === "delay" ? fault.kind.ms : 0;
  }

  takeCallbackFault(method: string, path: string): CallbackFault | null {
    const fault = this.#take(method, path, (kind) => kind.type === "callbacks");
    return fault?.kind.type === "callbacks" ? fault.kind.fault : null;
  }

  #take(method: string, path: string, fits: (kind: FaultKind) => boolean): Fault | undefined {
    const fault = this.#faults.find((fault) => fault.remaining > 0 && fits(fault.kind) && fault.pattern(method, path));
    if (!fault) return undefined;
    fault.remaining--;
    fault.hits++;
    return fault;
  }
}

function errorOf({ kind, request: { status, message } }: Fault): ApiError | undefined {
  if (kind.type === "status") return errorOfCode(codeOfStatus(kind.status), { status: kind.status });
  if (kind.type !== "error") return undefined;
  return errorOfCode(kind.code, { ...(status !== undefined && { status }), ...(message !== undefined && { message }) });
}

/** The code in the body of a status fault. 20001 is Twilio's code of a bad request. */
function codeOfStatus(status: number): number {
  const known: Record<number, number> = { 401: 20003, 404: 20404, 429: 20429, 503: 20503 };
  return known[status] ?? (status >= 500 ? 20500 : 20001);
}

function describe(fault: Fault): Record<string, unknown> {
  const { id, match, kindText: kind, remaining, hits } = fault;
  return { id, match, kind, remaining, hits };
}

function parseKind(text: string): FaultKind | undefined {
  if (text === "drop_before") return { type: "drop", committed: false };
  if (text === "drop_after_commit") return { type: "drop", committed: true };
  const status = /^(?:status:)?([45]\d\d)$/.exec(text)?.[1];
  if (status) return { type: "status", status: Number(status) };
  const code = /^error:([1-9]\d{4})$/.exec(text)?.[1];
  if (code) return { type: "error", code: Number(code) };
  const delay = /^delay:(\d{1,6})$/.exec(text)?.[1];
  if (delay) return { type: "delay", ms: Number(delay) };
  const fault = parseCallbackFault(text);
  return fault && { type: "callbacks", fault };
}

function parseCallbackFault(text: string): CallbackFault | undefined {
  const late = /^callbacks:late:(\d{1,6})$/.exec(text)?.[1];
  if (late) return { effect: "late", ms: Number(late) };
  if (text === "callbacks:doubled") return { effect: "doubled" };
  if (text === "callbacks:reordered") return { effect: "reordered" };
  if (text === "callbacks:dropped") return { effect: "dropped" };
  return undefined;
}
