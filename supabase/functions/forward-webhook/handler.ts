import { forwardWebhookRequest, saveForwardWebhook } from "../_shared/forwarding/webhook.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { Refusal } from "../_shared/platform/errors.ts";
import { expectNoQuery, readJson } from "../_shared/platform/request.ts";
import { isoOf } from "../_shared/platform/time.ts";

/** GET tells the caller's webhook, POST sets or removes it. The secret is in the one answer that made it. */
export async function handle(request: Request, context: Context): Promise<Response> {
  expectNoQuery(request);
  if (request.method === "GET") return await show(context);
  const { db, env, user, requestId } = context;
  const { url, rotateSecret } = await readJson(request, forwardWebhookRequest(env.FORWARD_TO_PRIVATE === "on"));
  if (url === null) {
    await decide(db, "remove_forward_webhook", { p_user_id: user.id, p_request_id: requestId });
    return Response.json({ webhook: null });
  }
  const wish = { userId: user.id, url, rotateSecret, requestId };
  const webhook = await saveForwardWebhook(wish, { db, ring: env.TOKEN_SEALING_KEYS });
  if (webhook === null) throw new Refusal("unauthorized", "Cannot save a webhook: this user is no more");
  return Response.json({ webhook }, { status: webhook.secret === undefined ? 200 : 201 });
}

async function show({ db, user }: Context): Promise<Response> {
  const stored = await decide(db, "forward_webhook_of", { p_user_id: user.id });
  const webhook = stored.outcome === "none" ? null : {
    url: stored.url,
    enabled: stored.outcome === "enabled",
    disabledReason: stored.disabled_reason,
    createdAt: isoOf(stored.created_at),
  };
  return Response.json({ webhook });
}
