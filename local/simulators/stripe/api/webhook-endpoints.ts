import type { Hono } from "hono";
import { API_VERSION } from "../objects/event.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, reply } from "./call.ts";
import { parameters, parse } from "./form.ts";
import { listPage, PAGING } from "./lists.ts";

/** The one webhook endpoint the simulator delivers to, listed without its secret, as Stripe does. */
export function webhookEndpointRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  app.get("/v1/webhook_endpoints", (c) => {
    const filter = parse(parameters(PAGING), c.get("params"));
    const { url } = simulator.courier;
    const endpoints = url === null ? [] : [{
      id: "we_1SimulatedWebhookEndpoint",
      object: "webhook_endpoint",
      api_version: API_VERSION,
      application: null,
      created: 0,
      description: null,
      enabled_events: ["*"],
      livemode: false,
      metadata: {},
      status: "enabled",
      url,
    }];
    return reply(simulator, c, listPage(endpoints, () => true, filter, "/v1/webhook_endpoints"));
  });
}
