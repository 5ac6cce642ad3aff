import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import { type Db, decide, rows, unavailable } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import type { Twilio } from "../twilio/client.ts";

export interface SettleDependencies {
  db: Db;
  /** Twilio as the account that sent: the tenant's, or the master's. */
  twilioFor: (userId: string, source: string) => Promise<Twilio | null>;
  log: Log;
}

/** How long a send may simply be under way. */
const PATIENCE_SECONDS = 30;
const BATCH = 50;
/** Clocks differ: evidence is looked for from a little before our own row. */
const SKEW_MS = 60_000;

/**
 * Looks at Twilio for evidence about messages whose answer was lost. Found, they get Twilio's SID and status; not found
 * proves nothing (a message may still appear), so they become or stay `unknown` and are looked for again. One that Twilio
 * will not tell about is logged and keeps no other waiting.
 * @returns how many were found
 */
export async function settleMessages({ db, twilioFor, log }: SettleDependencies): Promise<number> {
  const unsettled = await rows(db, "unsettled_messages", { p_older_than_seconds: PATIENCE_SECONDS, p_limit: BATCH });
  let found = 0;
  for (const message of unsettled) {
    try {
      const twilio = await twilioFor(message.user_id, message.source);
      if (twilio !== null && await settle(message, twilio, db)) found++;
    } catch (error) {
      log.warn("message.unsettled", {
        userId: message.user_id,
        messageId: message.message_id,
        ...describeError(error),
      });
    }
  }
  return found;
}

/** Returns whether there was evidence. */
async function settle(message: Unsettled, twilio: Twilio, db: Db): Promise<boolean> {
  const evidence = await findEvidence(message, twilio, db);
  await decide(db, "record_message_status", {
    p_message_id: message.message_id,
    p_user_id: message.user_id,
    p_account_sid: message.account_sid,
    p_twilio_message_sid: evidence?.sid ?? null,
    p_status: evidence?.status ?? "unknown",
    p_error_code: evidence?.errorCode ?? null,
    p_error_message: evidence?.errorMessage ?? null,
  });
  return evidence !== null;
}

interface Unsettled {
  message_id: string;
  user_id: string;
  account_sid: string;
  from_number: string;
  to_number: string;
  body: string | null;
  created_at: string;
}

/**
 * One message between these numbers with this body, sent since our row was made, and not another row's already. Two equal
 * ones could be told apart by nobody, so then there is no evidence.
 */
async function findEvidence(message: Unsettled, twilio: Twilio, db: Db): Promise<MessageInstance | null> {
  const since = new Date(new Date(message.created_at).getTime() - SKEW_MS);
  const candidates = await twilio.account.messages.list({
    from: message.from_number,
    to: message.to_number,
    dateSentAfter: since,
    limit: 50,
  });
  const same = candidates.filter(({ body, dateCreated }) => body === (message.body ?? "") && dateCreated >= since);
  const known = await knownSids(same.map(({ sid }) => sid), db);
  const [only, ...others] = same.filter(({ sid }) => !known.has(sid));
  return others.length === 0 ? only ?? null : null;
}

async function knownSids(sids: string[], db: Db): Promise<Set<string | null>> {
  const { data, error } = await db.from("sms_messages").select("twilio_message_sid").in("twilio_message_sid", sids);
  if (error !== null) throw unavailable("sms_messages", error.code);
  return new Set(data.map((row) => row.twilio_message_sid));
}
