import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import { completeRows, type Db, decide } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf } from "../twilio/errors.ts";
import type { Evidence } from "./evidence.ts";
import type { TwilioFor } from "./redact.ts";

export interface RefreshDependencies {
  db: Db;
  twilioFor: TwilioFor;
  log: Log;
}

const ACCOUNTS = 10;
const MESSAGES = 2_000;
/** Up to so many are asked for one by one; more are read from the account's list, a thousand a page. */
const SINGLES = 20;
const PAGE_SIZE = 1000;
const MOST_LISTED = 5_000;
/** Clocks differ. */
const SKEW_MS = 60_000;

/**
 * Asks Twilio about messages that have no final status, because their callback never came, or no price, which Twilio fills
 * in minutes later. An account that cannot be asked is logged and keeps no other waiting.
 * @returns how many messages moved on or got their price
 */
export async function refreshMessages({ db, twilioFor, log }: RefreshDependencies): Promise<number> {
  const accounts = await completeRows(db, "unfinished_messages", { p_accounts: ACCOUNTS, p_limit: MESSAGES });
  const news = await Promise.all(accounts.map(async (account) => {
    try {
      const twilio = await twilioFor(account.user_id, account.source);
      return twilio === null ? 0 : await refreshAccount(account, twilio, db);
    } catch (error) {
      log.warn("messages.unrefreshed", { accountSid: account.account_sid, ...describeError(error) });
      return 0;
    }
  }));
  return news.reduce((sum, count) => sum + count, 0);
}

interface Unfinished {
  account_sid: string;
  sids: string[];
  first_sent_at: string;
  last_sent_at: string;
}

async function refreshAccount(account: Unfinished, twilio: Twilio, db: Db): Promise<number> {
  const messages = account.sids.length <= SINGLES ? await fetchEach(account, twilio) : await listAll(account, twilio);
  if (messages.length === 0) return 0;
  const { moved, priced } = await decide(db, "record_message_reports", {
    p_account_sid: account.account_sid,
    p_reports: messages.map((message) => ({ ...reportOf(message) })),
  });
  return moved + priced;
}

async function fetchEach({ sids }: Unfinished, twilio: Twilio): Promise<MessageInstance[]> {
  const found: MessageInstance[] = [];
  for (const sid of sids) {
    try {
      found.push(await twilio.account.messages(sid).fetch());
    } catch (error) {
      // Deleted at Twilio: nothing more will be told of it.
      if (failureOf(error).kind !== "not_found") throw error;
    }
  }
  return found;
}

async function listAll({ sids, first_sent_at, last_sent_at }: Unfinished, twilio: Twilio): Promise<MessageInstance[]> {
  const wanted = new Set(sids);
  const listed = await twilio.account.messages.list({
    dateSentAfter: new Date(new Date(first_sent_at).getTime() - SKEW_MS),
    // A message may wait hours in Twilio's queue before it counts as sent.
    dateSentBefore: new Date(new Date(last_sent_at).getTime() + 6 * 3_600_000),
    pageSize: PAGE_SIZE,
    limit: MOST_LISTED,
  });
  return listed.filter(({ sid }) => wanted.has(sid));
}

function reportOf(message: MessageInstance): Evidence {
  return {
    sid: message.sid,
    status: message.status,
    error_code: message.errorCode,
    error_message: message.errorMessage,
    num_segments: numberOf(message.numSegments),
    price: numberOf(message.price),
    price_unit: message.priceUnit,
  };
}

/** Twilio's numbers are texts; null before it knows them. */
export function numberOf(text: string | null | undefined): number | null {
  const value = Number(text);
  return text && Number.isFinite(value) ? value : null;
}
