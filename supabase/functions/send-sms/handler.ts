import { compose } from "../_shared/messages/compose.ts";
import { type Reservation, reserveMessage } from "../_shared/messages/reserve.ts";
import { sendReserved } from "../_shared/messages/send.ts";
import { decide } from "../_shared/platform/database.ts";
import type { Context } from "../_shared/platform/endpoint.ts";
import { idempotencyKeyOf } from "../_shared/platform/idempotency.ts";
import { rateLimitArgs } from "../_shared/platform/rate-limit.ts";
import { readJson } from "../_shared/platform/request.ts";
import { twilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import type { Twilio } from "../_shared/twilio/client.ts";
import { messageSchema } from "./contract.ts";

const LIMIT = { action: "send", perUser: 120, perAddress: 600, windowSeconds: 60 };

/** Reserves the message in the ledger, then hands it to Twilio with the credentials of the account that owns the sender. */
export async function handle(request: Request, context: Context): Promise<Response> {
  const idempotencyKey = idempotencyKeyOf(request);
  const composed = await compose(await readJson(request, messageSchema));
  const { db, env, user } = context;
  const result = await reserveMessage(db, composed, {
    userId: user.id,
    idempotencyKey,
    fallback: env.MASTER_FALLBACK === "on",
    masterAccountSid: env.TWILIO_ACCOUNT_SID,
    rateLimit: rateLimitArgs(LIMIT, request, env),
  });
  if (result.outcome === "duplicate") {
    return Response.json(result.message, { status: 200, headers: { "idempotent-replayed": "true" } });
  }
  const twilio = await senderOf(result.reservation, context);
  const message = await sendReserved(composed, result.reservation, {
    db,
    twilio,
    publicBaseUrl: env.PUBLIC_BASE_URL,
    userId: user.id,
    log: context.log,
  });
  const { spending } = result.reservation;
  const notices = {
    ...(message.source === "master" && { notice: MASTER_NOTICE }),
    ...(spending !== undefined && { spending }),
  };
  return Response.json({ ...message, ...notices }, { status: 201 });
}

const MASTER_NOTICE = "Sent from a shared number of the platform: you have no subaccount of your own yet";

/** The account that owns the sender. If its token does not open, nothing was sent and the key may be used again. */
async function senderOf(reservation: Reservation, context: Context): Promise<Twilio> {
  const { source, accountSid, sealedToken, messageId } = reservation;
  const accounts = twilioAccounts(context);
  if (source === "master") return await accounts.master();
  try {
    return await accounts.from({ userId: context.user.id, accountSid, sealedToken: sealedToken ?? "" });
  } catch (error) {
    await decide(context.db, "release_message", { p_message_id: messageId });
    throw error;
  }
}
