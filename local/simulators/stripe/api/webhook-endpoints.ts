import type { Hono } from "hono";
import { API_VERSION } from "../objects/event.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, reply } from "./call.ts";
import { parameters, parse } from "./form.ts";
import { listPage, PAGING } from "./lists.ts";

/** Lists the webhook endpoint of the simulator. Like Stripe, it does not return the secret. */
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
