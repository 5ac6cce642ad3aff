import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import { serveStatic } from "hono/deno";
import { type AllowedCallers, LOOPBACK_ONLY, refuse } from "../callers.ts";
import type { DataApi } from "../database/data-api.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { mailPage } from "../mail/page.ts";
import { health, STARTING } from "../neighbours.ts";
import { PortTakenError } from "../ports.ts";
import type { AuthLimits } from "./auth-limits.ts";
import { consoleConfig } from "./console-config.ts";
import { CONSOLE_HEADERS } from "./console-headers.ts";
import { answerData } from "./data-routes.ts";
import { answerFunction, type FunctionRoutes } from "./function-routes.ts";
import type { StackState } from "../stack-state.ts";
import { homePage } from "./home-page.ts";
import type { UserTokens } from "./user-tokens.ts";
import { WebhookReceiver } from "./webhook-receiver.ts";

/** The services behind the gateway. They start after the gateway listens, because they need its address. */
export interface GatewayParts {
  api: DataApi;
  tokens: UserTokens;
  functions: FunctionRoutes;
  state: StackState;
  mailbox: Mailbox;
  /** Null: Auth counts no requests. */
  authLimits: AuthLimits | null;
  /** The folder of the built console, `console/dist`. If it does not exist, `/` serves the home page. */
  consoleFolder: string;
}

export interface Gateway {
  /** The origin, without a trailing slash. */
  url: string;
  /** Starts to serve requests. Before this call every request gets 503. */
  open(parts: GatewayParts): void;
  stop(): Promise<void>;
}

const STOP_TIMEOUT_MS = 2_000;
const FUNCTIONS_PATH = "/functions/v1/";

/** Whose requests the gateway answers. */
export interface GatewayCallers {
  everywhere: AllowedCallers;
  /** For the paths of the functions, which Twilio and Stripe may call at another name, such as that of a tunnel. */
  functions: AllowedCallers;
}

/**
 * Listens on 127.0.0.1; port 0 selects a free port.
 * @throws PortTakenError if another program listens on the port
 */
export function startGateway(port: number, callers: GatewayCallers): Gateway {
  let answer = (_request: Request, _peer: string): Response | Promise<Response> => starting();
  const aborting = new AbortController();
  const server = listen(port, aborting.signal, (request, info) => {
    const isForFunctions = new URL(request.url).pathname.startsWith(FUNCTIONS_PATH);
    return refuse(request, isForFunctions ? callers.functions : callers.everywhere) ??
      answer(request, info.remoteAddr.hostname);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  return {
    url,
    open(parts) {
      const routes = routesOf(parts, url);
      answer = (request, peer) => routes.fetch(request, { peer });
    },
    async stop() {
      // Waits for requests in progress. The timeout ends open streams.
      const timer = setTimeout(() => aborting.abort(), STOP_TIMEOUT_MS);
      await server.shutdown();
      clearTimeout(timer);
    },
  };
}

function listen(
  port: number,
  signal: AbortSignal,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, signal, onListen: () => {} }, handler);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) throw new PortTakenError(port);
    throw error;
  }
}

function starting(): Response {
  return Response.json(STARTING, { status: 503, headers: { "retry-after": "1" } });
}

interface Environment {
  Bindings: { peer: string };
}

function routesOf(parts: GatewayParts, url: string): Hono<Environment> {
  const { api, tokens, functions, state, mailbox, authLimits, consoleFolder } = parts;
  const routes = new Hono<Environment>();
  const receiver = new WebhookReceiver();
  routes.onError((error) => {
    console.error(error);
    return Response.json({ message: "The local gateway failed; see the log of the stack" }, { status: 500 });
  });
  routes.get("/health", (c) => c.json(health(state)));
  routes.get("/auth/v1/.well-known/jwks.json", (c) => {
    return c.json(tokens.jwks, 200, { "access-control-allow-origin": "*", "cache-control": "public, max-age=600" });
  });
  // The Data API and the functions implement CORS. lite's Auth API answers a preflight but allows no headers.
  routes.use("/auth/v1/*", cors({ origin: "*", exposeHeaders: ["X-Supabase-Api-Version"], maxAge: 600 }));
  const data = (c: Context<Environment>) => answerData(c.req.raw, api, tokens);
  routes.use("/auth/v1/*", async (c, next) => authLimits?.(c.req.raw, c.env.peer) ?? await next());
  routes.all("/auth/v1/*", data);
  routes.all("/rest/v1/*", data);
  routes.all("/functions/v1/*", (c) => answerFunction(c.req.raw, { functions, tokens, url, peer: c.env.peer }));
  // A mail has links that sign a user in, so it is shown to this machine only, not through a tunnel.
  routes.use("/_sim/mail", async (c, next) => refuse(c.req.raw, LOOPBACK_ONLY) ?? await next());
  routes.get("/_sim/mail", (c) => {
    const mails = mailbox.list(c.req.query("to"));
    const headers = { "cache-control": "no-store", ...CONSOLE_HEADERS };
    return c.req.header("accept")?.includes("text/html")
      ? c.html(mailPage(mails), 200, headers)
      : c.json({ mails }, 200, headers);
  });
  routes.delete("/_sim/mail", (c) => {
    mailbox.clear();
    return c.json({ mails: [] });
  });
  routes.use("/_sim/receiver", async (c, next) => refuse(c.req.raw, LOOPBACK_ONLY) ?? await next());
  routes.post("/_sim/receiver", (c) => receiver.receive(c.req.raw));
  routes.get("/_sim/receiver", (c) => c.json({ events: receiver.events }, 200, { "cache-control": "no-store" }));
  routes.put("/_sim/receiver", async (c) => {
    try {
      receiver.answerWith((await c.req.json().catch(() => null))?.status);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return c.json({ message: error.message }, 400);
    }
    return c.json({});
  });
  routes.all("*", async (c, next) => PLATFORM_PATH.test(c.req.path) ? noRoute() : await next());
  routes.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(CONSOLE_HEADERS)) c.res.headers.set(name, value);
  });
  routes.get("/config.json", (c) => c.json(consoleConfig(state), 200, { "cache-control": "no-store" }));
  // The console can be built while the stack runs, so its files are looked up with each request.
  routes.get("*", serveStatic({ root: consoleFolder }));
  routes.get("*", async (c, next) => {
    const isFile = c.req.path.split("/").at(-1)?.includes(".");
    return isFile ? await next() : await serveStatic<Environment>({ root: consoleFolder, path: "index.html" })(c, next);
  });
  routes.get("/", (c) => c.html(homePage(state)));
  routes.notFound(noRoute);
  return routes;
}

/**
 * A path of the platform, not of the console, which shares this origin: a service, or anything with a version such as
 * `/storage/v1/…`.
 */
const PLATFORM_PATH =
  /^\/(?:(?:auth|rest|functions|storage|realtime|graphql|pg|analytics|mcp|_sim|\.well-known)(?:\/|$)|[^/]+\/v\d+(?:\/|$))/;

/** As the platform's gateway answers a path without a service. */
function noRoute(): Response {
  const headers = { "access-control-allow-origin": "*" };
  return Response.json({ message: "no Route matched with those values" }, { status: 404, headers });
}
