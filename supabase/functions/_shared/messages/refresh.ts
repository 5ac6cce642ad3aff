import type { MessageInstance, MessageListInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { completeRows, type Db, decide } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import { failureOf } from "../twilio/errors.ts";
import { reasonOf } from "../twilio/message-codes.ts";
import { numericOf } from "../twilio/numeric.ts";
import { pauseAfterDeliveryError } from "./account-errors.ts";
import type { Evidence } from "./evidence.ts";

export interface RefreshDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "master">;
  log: Log;
}

const ACCOUNTS = 10;
const MESSAGES = 2_000;
/** Up to this many messages are fetched one by one; more are read from the account's list. */
const SINGLES = 20;
const PAGE_SIZE = 1000;
const MOST_LISTED = 5_000;
/** Allows for clocks that differ. */
const SKEW_MS = 60_000;

/**
 * Reads messages at Twilio that have no final status, because a callback was lost, or no final price: Twilio prices sent
 * and received messages minutes later, and adds the fees of carriers up to a day later. Reads as the master account, which
 * may also read accounts that are suspended. A failure of one account is logged and does not delay the others.
 * @returns how many messages got another status or another price
 */
export async function refreshMessages({ db, accounts, log }: RefreshDependencies): Promise<number> {
  const unfinished = await completeRows(db, "unfinished_messages", { p_accounts: ACCOUNTS, p_limit: MESSAGES });
  const ofAccounts = [...Map.groupBy(unfinished, ({ account_sid }) => account_sid)];
  const counts = await Promise.all(ofAccounts.map(async ([accountSid, hours]) => {
    let count = 0;
    try {
      const messages = (await accounts.master()).messagesOf(accountSid);
      for (const hour of hours) count += await refreshHour(hour, messages, db);
    } catch (error) {
      log.warn("messages.refresh_failed", { accountSid, ...describeError(error) });
    }
    return count;
  }));
  return counts.reduce((sum, count) => sum + count, 0);
}

interface Unfinished {
  account_sid: string;
  sids: string[];
  first_sent_at: string;
  last_sent_at: string;
}

async function refreshHour(account: Unfinished, ofAccount: MessageListInstance, db: Db): Promise<number> {
  const messages = account.sids.length <= SINGLES
    ? await fetchEach(account.sids, ofAccount)
    : await listAll(account, ofAccount);
  if (messages.length === 0) return 0;
  const { moved, priced } = await decide(db, "record_message_reports", {
    p_account_sid: account.account_sid,
    p_reports: messages.map((message) => ({ ...reportOf(message) })),
  });
  for (const { sid, errorCode: code } of moved === 0 ? [] : messages) {
    await pauseAfterDeliveryError(db, { accountSid: account.account_sid, sid, code });
  }
  return moved + priced;
}

async function fetchEach(sids: string[], ofAccount: MessageListInstance): Promise<MessageInstance[]> {
  const found: MessageInstance[] = [];
  for (const sid of sids) {
    try {
      found.push(await ofAccount(sid).fetch());
    } catch (error) {
      // It was deleted at Twilio.
      if (failureOf(error)?.kind !== "not_found") throw error;
    }
  }
  return found;
}

async function listAll(
  { sids, first_sent_at, last_sent_at }: Unfinished,
  ofAccount: MessageListInstance,
): Promise<MessageInstance[]> {
  const wanted = new Set(sids);
  const listed = await ofAccount.list({
    dateSentAfter: new Date(new Date(first_sent_at).getTime() - SKEW_MS),
    dateSentBefore: new Date(new Date(last_sent_at).getTime() + SKEW_MS),
    pageSize: PAGE_SIZE,
    limit: MOST_LISTED,
  });
  const found = listed.filter(({ sid }) => wanted.has(sid));
  // A message that was never sent, queued or failed, has no DateSent and may be in no such list.
  for (const { sid } of found) wanted.delete(sid);
  return [...found, ...await fetchEach(someOf([...wanted], SINGLES), ofAccount)];
}

/** A random sample, so that none of them is left out forever. */
function someOf(sids: string[], most: number): string[] {
  return sids.map((sid) => ({ sid, order: Math.random() })).sort((left, right) => left.order - right.order)
    .slice(0, most).map(({ sid }) => sid);
}

function reportOf(message: MessageInstance): Evidence {
  return {
    sid: message.sid,
    status: message.status,
    error_code: message.errorCode,
    error_message: message.errorMessage ?? reasonOf(message.errorCode),
    num_segments: numericOf(message.numSegments),
    price: numericOf(message.price),
    price_unit: message.priceUnit,
    sent_at: message.dateSent?.toISOString() ?? null,
  };
}
