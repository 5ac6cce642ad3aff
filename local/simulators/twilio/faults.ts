import { z } from "zod";
import { type RequestPattern, requestPattern } from "./request-pattern.ts";
import type { CallbackTrouble } from "./records.ts";

/**
 * Faults on request. One fault is `{ match?, times?, kind, … }`:
 *
 * | kind | what the client meets |
 * |---|---|
 * | `drop_before` | the connection dies, nothing has happened |
 * | `drop_after_commit` | the work is done, then the connection dies |
 * | `status:<400–599>`, or just `429`, `500` … | that answer, nothing has happened; `body`: `json` (default), `html`, `empty`; `retryAfter` in seconds (1 for a 429); `committed: true` does the work first |
 * | `delay:<ms>` | the work is done at once, the answer is held back |
 * | `callbacks:late:<ms>` | every webhook of that message or inbound text comes so much later |
 * | `callbacks:doubled` | each webhook comes twice |
 * | `callbacks:reordered` | a message's status callbacks come last one first |
 * | `callbacks:dropped` | none comes |
 *
 * `match` is explained in request-pattern.ts; for callbacks it names the request that gives rise to them
 * (`POST /Messages` or `POST /_sim/inbound`). Without it a fault meets any API request.
 * Connections are kept alive, as Twilio keeps them. A client whose runtime sends a request again when a reused
 * connection dies (Deno 2.9's `fetch` does, even a POST, unless its body is a stream) therefore meets a drop twice,
 * as it would in production: such a fault finds it out.
 * `times` (1) counts the requests it meets. The first fault that fits is used; one answer fault,
 * one delay and one callback fault may meet in one request.
 */
const Kind = z.string().transform((text, context) => {
  const kind = parseKind(text);
  if (kind) return kind;
  context.addIssue({ code: "custom", message: `Unknown fault kind "${text}"` });
  return z.NEVER;
});

const FaultRequest = z.strictObject({
  match: z.string().min(1).default("*"),
  times: z.int().min(1).max(1_000_000).default(1),
  kind: Kind,
  body: z.enum(["json", "html", "empty"]).optional(),
  retryAfter: z.int().min(0).optional(),
  committed: z.boolean().optional(),
}).superRefine((fault, context) => {
  if (fault.kind.type === "status") return;
  for (const name of ["body", "retryAfter", "committed"] as const) {
    if (fault[name] === undefined) continue;
    context.addIssue({ code: "custom", path: [name], message: `"${name}" belongs to a status fault only` });
  }
});

type FaultKind =
  | { type: "drop"; committed: boolean }
  | { type: "status"; status: number }
  | { type: "delay"; ms: number }
  | { type: "callbacks"; trouble: CallbackTrouble };

/** What a fault does to the answer of the request it meets. */
export type AnswerFault =
  | { type: "drop"; committed: boolean }
  | {
    type: "status";
    status: number;
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

/** The faults that wait for a request. */
export class FaultBook {
  #faults: Fault[] = [];
  #lastId = 0;

  /** Adds the fault described by `input`. Throws a `ZodError` that names what is wrong with it. */
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
    const fault = this.#take(method, path, (kind) => kind.type === "drop" || kind.type === "status");
    if (!fault) return undefined;
    if (fault.kind.type === "drop") return fault.kind;
    if (fault.kind.type !== "status") return undefined;
    const { body = "json", retryAfter, committed = false } = fault.request;
    const wait = retryAfter ?? (fault.kind.status === 429 ? 1 : undefined);
    return { type: "status", status: fault.kind.status, body, retryAfter: wait, committed };
  }

  takeDelay(method: string, path: string): number {
    const fault = this.#take(method, path, (kind) => kind.type === "delay");
    return fault?.kind.type === "delay" ? fault.kind.ms : 0;
  }

  takeCallbackTrouble(method: string, path: string): CallbackTrouble | null {
    const fault = this.#take(method, path, (kind) => kind.type === "callbacks");
    return fault?.kind.type === "callbacks" ? fault.kind.trouble : null;
  }

  #take(method: string, path: string, fits: (kind: FaultKind) => boolean): Fault | undefined {
    const fault = this.#faults.find((fault) => fault.remaining > 0 && fits(fault.kind) && fault.pattern(method, path));
    if (!fault) return undefined;
    fault.remaining--;
    fault.hits++;
    return fault;
  }
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
  const delay = /^delay:(\d{1,6})$/.exec(text)?.[1];
  if (delay) return { type: "delay", ms: Number(delay) };
  const trouble = parseTrouble(text);
  return trouble && { type: "callbacks", trouble };
}

function parseTrouble(text: string): CallbackTrouble | undefined {
  const late = /^callbacks:late:(\d{1,6})$/.exec(text)?.[1];
  if (late) return { effect: "late", ms: Number(late) };
  if (text === "callbacks:doubled") return { effect: "doubled" };
  if (text === "callbacks:reordered") return { effect: "reordered" };
  if (text === "callbacks:dropped") return { effect: "dropped" };
  return undefined;
}
