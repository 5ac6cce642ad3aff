import { forwardWebhookOf, forwardWebhookRequest, saveForwardWebhook } from "../_shared/forwarding/webhook.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { ApiError } from "../_shared/platform/errors.ts";
import { enforceRateLimit } from "../_shared/platform/rate-limit.ts";
import { expectNoQuery, readJson } from "../_shared/platform/request.ts";
import { keyRingOf } from "../_shared/sealing/key-ring.ts";
import { isoOf } from "../_shared/platform/time.ts";

const LIMIT = { action: "forward-webhook", perUser: 20, perAddress: 100, windowSeconds: 60 };

/** GET shows the caller's webhook, POST sets or removes it. Only the response that created the secret contains it. */
export async function handle(request: Request, context: Context): Promise<Response> {
  expectNoQuery(request);
  if (request.method === "GET") return await show(context);
  const { db, env, user, requestId } = context;
  const { url, rotateSecret } = await readJson(request, forwardWebhookRequest(env.FORWARD_TO_PRIVATE === "on"));
  await enforceRateLimit(LIMIT, request, context);
  if (url === null) {
    await decide(db, "remove_forward_webhook", { p_user_id: user.id, p_request_id: requestId });
    return Response.json({ webhook: null });
  }
  const wanted = { userId: user.id, url, rotateSecret, requestId };
  const webhook = await saveForwardWebhook(wanted, { db, ring: keyRingOf(env) });
  if (webhook === null) throw new ApiError("unauthorized", "Cannot save a webhook: this user was deleted");
  return Response.json({ webhook }, { status: webhook.secret === undefined ? 200 : 201 });
}

async function show({ db, user }: Context): Promise<Response> {
  const stored = await forwardWebhookOf(db, { p_user_id: user.id });
  switch (stored.outcome) {
    case "none":
      return Response.json({ webhook: null });
    case "enabled":
    case "disabled": {
      const disabledReason = stored.outcome === "disabled" ? stored.disabled_reason : null;
      const { url, created_at: createdAt } = stored;
      return Response.json({
        webhook: { url, enabled: stored.outcome === "enabled", disabledReason, createdAt: isoOf(createdAt) },
      });
    }
  }
}
