import type { Hono } from "hono";
import * as z from "zod";
import { openPortal } from "../billing/portal.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { ignored, parameters, parse, text } from "./form.ts";

const CreatePortalSession = parameters({
  customer: text,
  return_url: z.url().optional(),
  configuration: ignored,
  locale: ignored,
});

/** Sessions of the billing portal: create. Stripe offers no other call. */
export function portalRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  app.post("/v1/billing_portal/sessions", (c) => {
    const input = parse(CreatePortalSession, c.get("params"));
    const request = { customer: input.customer, returnUrl: input.return_url ?? null };
    return reply(simulator, c, openPortal(booksOf(simulator, c), request, simulator.url()));
  });
}
