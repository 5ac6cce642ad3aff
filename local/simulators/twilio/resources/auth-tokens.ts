import { isoSeconds } from "../dates.ts";
import { notFound } from "../errors.ts";
import { newAuthToken } from "../identifiers.ts";
import type { Answer, ApiCall, Route } from "../router.ts";

const BASE = "/accounts.twilio.com/v1/AuthTokens";

/** accounts.twilio.com: an account rotates its auth token by creating a secondary token and promoting it. */
export const authTokenRoutes: Route[] = [
  { method: "POST", pattern: `${BASE}/Secondary`, handle: createSecondaryToken },
  { method: "DELETE", pattern: `${BASE}/Secondary`, handle: deleteSecondaryToken },
  { method: "POST", pattern: `${BASE}/Promote`, handle: promoteSecondaryToken },
];

function createSecondaryToken({ simulation, actor }: ApiCall): Answer {
  actor.secondaryToken = newAuthToken();
  actor.updatedAt = Date.now();
  simulation.store.changed();
  return { status: 201, body: tokenBody(actor, { secondary_auth_token: actor.secondaryToken }, "Secondary") };
}

function deleteSecondaryToken({ simulation, actor, path }: ApiCall): Answer {
  if (!actor.secondaryToken) throw notFound(path);
  actor.secondaryToken = null;
  simulation.store.changed();
  return { status: 204 };
}

function promoteSecondaryToken({ simulation, actor, path }: ApiCall): Answer {
  if (!actor.secondaryToken) throw notFound(path);
  actor.authToken = actor.secondaryToken;
  actor.secondaryToken = null;
  actor.updatedAt = Date.now();
  simulation.store.changed();
  return { status: 200, body: tokenBody(actor, { auth_token: actor.authToken }, "Promote") };
}

function tokenBody(actor: ApiCall["actor"], token: Record<string, string>, action: string): Record<string, unknown> {
  return {
    account_sid: actor.sid,
    ...token,
    date_created: isoSeconds(actor.createdAt),
    date_updated: isoSeconds(actor.updatedAt),
    url: `https://accounts.twilio.com/v1/AuthTokens/${action}`,
  };
}
