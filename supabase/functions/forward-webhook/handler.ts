import {
  confirmForwardWebhook,
  forwardWebhookRequest,
  forwardWebhooksOf,
  saveForwardWebhook,
} from "../_shared/forwarding/webhook.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { expectNoBody, readJson } from "../_shared/platform/request.ts";
import { keyRingOf } from "../_shared/sealing/key-ring.ts";

/** Low, because a change can send a request to a host that the caller chooses. */
const RATE_LIMIT = { action: "forward-webhook", perUser: 10, perAddress: 50, windowSeconds: 60 };

/** GET shows the caller's webhooks, POST saves or removes one, and POST /confirm puts the pending one into use. */
export async function handle(request: Request, context: Context): Promise<Response> {
  if (request.method === "GET") return Response.json(await forwardWebhooksOf(context.db, context.user.id));
  return context.path === "/confirm" ? await confirm(request, context) : await save(request, context);
}

async function save(request: Request, context: Context): Promise<Response> {
  const { db, env, user, requestId } = context;
  const { url, rotateSecret } = await readJson(request, forwardWebhookRequest(env.FORWARD_TO_PRIVATE === "on"));
  await enforceRateLimit(RATE_LIMIT, request, context);
  if (url === null) {
    await decide(db, "remove_forward_webhook", { p_user_id: user.id, p_request_id: requestId });
    return Response.json({ webhook: null, pending: null });
  }
  const saved = await saveForwardWebhook({ userId: user.id, requestId, url, rotateSecret }, dependenciesOf(context));
  return Response.json(saved, { status: saved.pending === null ? 200 : 201 });
}

async function confirm(request: Request, context: Context): Promise<Response> {
  await expectNoBody(request);
  await enforceRateLimit(RATE_LIMIT, request, context);
  const { user, requestId } = context;
  return Response.json(await confirmForwardWebhook({ userId: user.id, requestId }, dependenciesOf(context)));
}

const dependenciesOf = ({ db, env }: Context) => ({
  db,
  ring: keyRingOf(env),
  now: () => new Date(),
  forwardToPrivate: env.FORWARD_TO_PRIVATE === "on",
});
