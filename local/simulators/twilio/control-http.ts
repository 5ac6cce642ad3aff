import type { HttpAnswer, HttpRequest } from "./http.ts";
import type { Simulation } from "./simulation.ts";

/** Answers one request to `/_sim`. */
export type Control = (simulation: Simulation, request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

export function jsonBody({ body }: HttpRequest): unknown {
  return JSON.parse(body);
}

export function json(status: number, body: unknown): HttpAnswer {
  return { status, headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(body) };
}
