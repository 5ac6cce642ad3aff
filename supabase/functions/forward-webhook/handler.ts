import { deliveriesQuery, deliveryDetails, listDeliveries, replayDelivery } from "../_shared/forwarding/deliveries.ts";
import {
  confirmForwardWebhook,
  forwardWebhookRequest,
  forwardWebhooksOf,
  saveForwardWebhook,
  testForwardWebhook,
} from "../_shared/forwarding/webhook.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { wakeJobs } from "../_shared/jobs/wake.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { expectNoBody, readJson, readQuery } from "../_shared/platform/request.ts";
import { keyRingOf } from "../_shared/sealing/key-ring.ts";

/** Low, because a change can send a request to a host that the caller chooses. */
const RATE_LIMIT = { action: "forward-webhook", perUser: 10, perAddress: 50, windowSeconds: 60 };

const LIST_LIMIT = { action: "forward-deliveries", perUser: 240, perAddress: 1200, windowSeconds: 60 };
const REPLAY_LIMIT = { action: "forward-replay", perUser: 30, perAddress: 150, windowSeconds: 60 };

/** The caller's webhooks: shown, saved, removed, confirmed and tested; and the deliveries to them: listed and replayed. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const answer = ANSWERS[`${request.method} ${context.path}`];
  if (answer === undefined) throw new Error(`Cannot answer ${request.method} ${context.path}: no code for it`);
  return await answer(request, context);
}

/** By method and path. */
const ANSWERS: Readonly<Record<string, (request: Request, context: Context) => Promise<Response>>> = {
  "GET ": async (_request, { db, user }) => Response.json(await forwardWebhooksOf(db, user.id)),
  "POST ": save,
  "POST /confirm": confirm,
  "POST /test": test,
  "GET /deliveries": list,
  "GET /deliveries/{deliveryId}": async (_request, context) =>
    Response.json(await deliveryDetails(context.user.id, context.parameters["deliveryId"]!, dependenciesOf(context))),
  "POST /deliveries/{deliveryId}/replay": replay,
};

async function list(request: Request, context: Context): Promise<Response> {
  const query = readQuery(request, deliveriesQuery);
  await enforceRateLimit(LIST_LIMIT, request, context);
  return Response.json(await listDeliveries(context.db, context.user.id, query));
}

async function replay(request: Request, context: Context): Promise<Response> {
  await expectNoBody(request);
  await enforceRateLimit(REPLAY_LIMIT, request, context);
  const { db, env, user, requestId, parameters: { deliveryId } } = context;
  const delivery = await replayDelivery(db, { userId: user.id, id: deliveryId!, requestId });
  wakeJobs(env, "forwarding");
  return Response.json(delivery, { status: 202 });
}

async function test(request: Request, context: Context): Promise<Response> {
  await expectNoBody(request);
  await enforceRateLimit(RATE_LIMIT, request, context);
  return Response.json(await testForwardWebhook(context.user.id, dependenciesOf(context)));
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
  publicBaseUrl: env.PUBLIC_BASE_URL,
  now: () => new Date(),
  forwardToPrivate: env.FORWARD_TO_PRIVATE === "on",
});
