import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { type Db, type Row, rows, unavailable } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import type { Twilio } from "../twilio/client.ts";
import { reasonOf } from "../twilio/message-codes.ts";
import { listCreatedSince } from "./look-up.ts";
import { recordMessageStatus } from "./evidence.ts";
import { sendingAccount } from "./sending-account.ts";
import type { MessageStatus } from "./statuses.ts";

export interface SettleDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "master" | "active">;
  log: Log;
}

/** How long a send may still be in progress. */
const PATIENCE_SECONDS = 30;
const BATCH = 50;
/** Allows for clocks that differ: evidence may be a little older than our own row. */
const SKEW_MS = 60_000;
/**
 * A request that timed out takes no effect an hour later, and by then Twilio lists what it created: a message that is
 * missing from a look-up that began an hour after its reservation was not sent.
 */
const NOT_SENT_AFTER_MS = 3_600_000;

/**
 * Settles messages whose response was lost: looks for evidence at Twilio. A message that is found gets Twilio's SID and
 * status. Any other becomes or stays `unknown` and is looked up again; after an hour it is `not_sent`. A failure of one
 * look-up is logged and does not delay the others.
 * @returns how many were found
 */
export async function settleMessages({ db, accounts, log }: SettleDependencies): Promise<number> {
  const unsettled = await rows(db, "unsettled_messages", { p_older_than_seconds: PATIENCE_SECONDS, p_limit: BATCH });
  let found = 0;
  for (const message of unsettled) {
    try {
      const twilio = await sendingAccount(accounts, message.user_id, message.source);
      if (twilio !== null && await settle(message, twilio, db)) found++;
    } catch (error) {
      log.warn("message.settle_failed", {
        userId: message.user_id,
        messageId: message.id,
        ...describeError(error),
      });
    }
  }
  return found;
}

/** @returns whether it was found */
async function settle(message: Unsettled, twilio: Twilio, db: Db): Promise<boolean> {
  const isOver = Date.now() - new Date(message.created_at).getTime() > NOT_SENT_AFTER_MS;
  const evidence = await findEvidence(message, twilio, db);
  await recordMessageStatus(db, {
    message_id: message.id,
    user_id: message.user_id,
    account_sid: message.account_sid,
    ...resultOf(evidence, isOver),
  });
  return evidence.found !== null;
}

/** @param isOver whether the look-up began late enough to conclude from it that the message was not sent */
function resultOf({ found, isComplete }: Evidence, isOver: boolean) {
  if (found !== null) {
    return {
      sid: found.sid,
      status: found.status,
      error_code: found.errorCode,
      error_message: found.errorMessage ?? reasonOf(found.errorCode),
    };
  }
  return {
    sid: null,
    error_code: null,
    ...(isOver && isComplete
      ? {
        status: "not_sent" satisfies MessageStatus,
        error_message: "Twilio's response was lost, and it has no such message",
      }
      : { status: "unknown" satisfies MessageStatus, error_message: "Twilio's response was lost" }),
  };
}

type Unsettled = Row<"sms_messages">;

/** The only message that matches, or null; and whether none of those at Twilio can be ours otherwise. */
interface Evidence {
  found: MessageInstance | null;
  isComplete: boolean;
}

/** Looks for one message between these numbers with this body, sent since our row was created, that no other row has. */
async function findEvidence(message: Unsettled, twilio: Twilio, db: Db): Promise<Evidence> {
  const since = new Date(new Date(message.created_at).getTime() - SKEW_MS);
  const { messages, isComplete } = await listCreatedSince(twilio.account.messages, {
    from: message.from_number,
    to: message.to_number,
    since,
  });
  const known = await knownSids(messages.map(({ sid }) => sid), db);
  const { found, isAmbiguous } = matchOf(message, messages.filter(({ sid }) => !known.has(sid)));
  return { found, isComplete: isComplete && !isAmbiguous };
}

/**
 * The one of these messages at Twilio, which no row has, that is ours. Two equal messages cannot be told apart, so they are
 * no evidence. A message with another text may be ours, too: a text that was redacted at Twilio, or that Twilio changed.
 * Twilio's own replies to keywords are not sent by a request.
 */
export function matchOf<M extends Pick<MessageInstance, "body" | "direction" | "dateCreated">>(
  message: Pick<Unsettled, "body" | "created_at" | "idempotency_key">,
  unclaimed: readonly M[],
): { found: M | null; isAmbiguous: boolean } {
  const [only, ...others] = unclaimed.filter(({ body }) => body === (message.body ?? ""));
  if (only !== undefined) return { found: others.length === 0 ? only : null, isAmbiguous: others.length > 0 };
  const isReply = message.idempotency_key?.startsWith("reply ") ?? false;
  const latest = new Date(message.created_at).getTime() + NOT_SENT_AFTER_MS;
  const maybeOurs = unclaimed.some(({ direction, dateCreated }) =>
    direction === "outbound-api" && dateCreated.getTime() <= latest
  );
  return { found: null, isAmbiguous: !isReply && maybeOurs };
}

/** The length of a URL is limited. */
const SIDS_AT_ONCE = 100;

async function knownSids(sids: string[], db: Db): Promise<Set<string | null>> {
  const known = new Set<string | null>();
  for (let start = 0; start < sids.length; start += SIDS_AT_ONCE) {
    const { data, error } = await db.from("sms_messages").select("twilio_message_sid")
      .in("twilio_message_sid", sids.slice(start, start + SIDS_AT_ONCE));
    if (error !== null) throw unavailable("sms_messages", error.code);
    for (const row of data) known.add(row.twilio_message_sid);
  }
  return known;
}
