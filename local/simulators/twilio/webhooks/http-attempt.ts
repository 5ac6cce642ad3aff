import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import type { ConnectionSettings, FailureClass } from "./connection-overrides.ts";

/** One HTTP request of a webhook. Credentials in `url` are sent in the Authorization header. */
export interface Attempt {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
  settings: ConnectionSettings;
  /** What is left of the total timeout. */
  remainingMs: number;
  /** Aborts the attempt. */
  signal: AbortSignal;
}

/** The response of an attempt, or the class and message of its failure. */
export interface AttemptResult {
  status: number | null;
  contentType: string;
  body: string;
  failure: FailureClass | null;
  error: string | null;
}

/**
 * Makes one request on a new connection. Never rejects.
 *
 * It uses `node:http` instead of `fetch`, because Twilio's retry policy distinguishes a connection that could not be
 * established (`ct`) from a missing response (`rt`), and only the socket events show the difference.
 */
export function attemptOnce(attempt: Attempt): Promise<AttemptResult> {
  return new Promise((resolve) => {
    const target = new URL(attempt.url);
    const request = (target.protocol === "https:" ? https : http).request(target, {
      method: attempt.method,
      headers: { ...attempt.headers, ...basicAuth(target) },
      agent: false,
      timeout: 0,
    });
    let connected = false;
    const finish = (result: AttemptResult) => {
      for (const timer of [...timers, reading]) clearTimeout(timer);
      attempt.signal.removeEventListener("abort", abandon);
      request.destroy();
      resolve(result);
    };
    const fail = (error: string) => finish(noResponse(connected ? "rt" : "ct", error));
    const abandon = () => fail("the simulator stopped");
    attempt.signal.addEventListener("abort", abandon);
    const { connectTimeoutMs, readTimeoutMs, totalTimeoutMs } = attempt.settings;
    let reading: ReturnType<typeof setTimeout> | undefined;
    const restartReading = () => {
      clearTimeout(reading);
      reading = setTimeout(() => fail(`no response within ${readTimeoutMs} ms`), readTimeoutMs);
    };
    const timers = [
      setTimeout(() => connected || fail(`no connection within ${connectTimeoutMs} ms`), connectTimeoutMs),
      setTimeout(() => fail(`no response within ${totalTimeoutMs} ms in total`), attempt.remainingMs),
    ];
    request.on("socket", (socket) => {
      socket.once(target.protocol === "https:" ? "secureConnect" : "connect", () => {
        connected = true;
        restartReading();
      });
    });
    request.on("error", (error) => fail(error.message));
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        restartReading();
      });
      response.on("error", (error) => fail(error.message));
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        finish({
          status,
          contentType: response.headers["content-type"] ?? "",
          body: Buffer.concat(chunks).toString("utf8"),
          failure: status >= 500 ? "5xx" : status >= 400 ? "4xx" : null,
          error: null,
        });
      });
    });
    request.end(attempt.body);
  });
}

function noResponse(failure: FailureClass, error: string): AttemptResult {
  return { status: null, contentType: "", body: "", failure, error };
}

function basicAuth(url: URL): Record<string, string> {
  if (!url.username) return {};
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}
