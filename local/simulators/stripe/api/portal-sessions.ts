import type { Hono } from "hono";
import * as z from "zod";
import { openPortal } from "../billing/portal.ts";
import type { Simulator } from "../simulator.ts";
import { type ApiEnv, booksOf, reply } from "./call.ts";
import { PORTAL_CONFIGURATION } from "../objects/portal-session.ts";
import { flag, ignored, parameters, parse, text } from "./form.ts";
import { listPage, PAGING } from "./lists.ts";

const CreatePortalSession = parameters({
  customer: text,
  return_url: z.url().optional(),
  configuration: ignored,
  locale: ignored,
});

const ListConfigurations = parameters({ ...PAGING, active: flag.optional(), is_default: flag.optional() });

/** The billing portal: create a session, which Stripe does not let a caller read again, and list the only configuration. */
export function portalRoutes(app: Hono<ApiEnv>, simulator: Simulator): void {
  app.get("/v1/billing_portal/configurations", (c) => {
    const { active = true, is_default: isDefault = true, ...page } = parse(ListConfigurations, c.get("params"));
    const configurations = active && isDefault ? [PORTAL_CONFIGURATION] : [];
    return reply(simulator, c, listPage(configurations, () => true, page, "/v1/billing_portal/configurations"));
  });

  app.post("/v1/billing_portal/sessions", (c) => {
    const input = parse(CreatePortalSession, c.get("params"));
    const request = { customer: input.customer, returnUrl: input.return_url ?? null };
    return reply(simulator, c, openPortal(booksOf(simulator, c), request, simulator.url()));
  });
}
