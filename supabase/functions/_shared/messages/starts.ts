import type { MessageInstance } from "twilio/lib/rest/api/v2010/account/message.js";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { type Db, decide, rows } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { Twilio } from "../twilio/client.ts";
import { requireTwilioFailure } from "../twilio/errors.ts";
import { consentOf } from "./consent.ts";

/** A received START, and the STOPs that it may lift. Numbers are as Twilio writes them. */
export interface StartCheck {
  startSid: string;
  stopSids: readonly string[];
  ownNumber: string;
  peerNumber: string;
}

/** What a START lifts, by the times of the messages at Twilio. */
export interface StartedConsent {
  /** Null when a STOP is newer: nothing may be lifted. */
  startedAt: Date | null;
  /** The STOPs before the START. */
  olderStops: string[];
  /** The STOPs that Twilio no longer has. */
  goneStops: string[];
}

const NEWER_STOP: StartedConsent = { startedAt: null, olderStops: [], goneStops: [] };

/** One page of the pair's newest messages. A START that is not among them is not settled. */
const LISTED = 200;

/** Twilio does not list a START: not yet, or no longer. */
export class StartNotListed extends Error {
  constructor(startSid: string) {
    super(`Cannot settle the START ${startSid}: Twilio does not list it`);
    this.name = "StartNotListed";
  }
}

/**
 * Compares a START with the STOPs of its pair. Twilio lists the newest message first, which also orders messages of the
 * same second: its times are whole seconds. A STOP that we have not received yet counts, too.
 * @throws StartNotListed, and the SDK's error without a usable response
 */
export async function compareStart(twilio: Twilio, check: StartCheck): Promise<StartedConsent> {
  const { startSid, stopSids, ownNumber, peerNumber } = check;
  const listed = await twilio.account.messages.list({
    from: peerNumber,
    to: ownNumber,
    limit: LISTED,
    pageSize: LISTED,
  });
  const messages = listed.sort((left, right) => timeOf(right) - timeOf(left));
  const at = messages.findIndex(({ sid }) => sid === startSid);
  if (at < 0) throw new StartNotListed(startSid);
  const start = messages[at]!;
  const isStop = ({ sid, body }: MessageInstance) =>
    stopSids.includes(sid) || consentOf(body ?? "", null, ownNumber).consent === "stop";
  if (messages.slice(0, at).some(isStop)) return NEWER_STOP;

  const older = new Set(messages.slice(at + 1).map(({ sid }) => sid));
  const olderStops = stopSids.filter((sid) => older.has(sid));
  const goneStops: string[] = [];
  for (const sid of stopSids) {
    if (older.has(sid)) continue;
    const stop = await messageAt(twilio, sid);
    if (stop === null) goneStops.push(sid);
    // Not listed: in the second of the START it may be the later one.
    else if (timeOf(stop) >= timeOf(start)) return NEWER_STOP;
    else olderStops.push(sid);
  }
  return { startedAt: new Date(timeOf(start)), olderStops, goneStops };
}

async function messageAt(twilio: Twilio, sid: string): Promise<MessageInstance | null> {
  try {
    return await twilio.account.messages.get(sid).fetch();
  } catch (error) {
    if (requireTwilioFailure(error).kind === "not_found") return null;
    throw error;
  }
}

function timeOf({ dateSent, dateCreated }: MessageInstance): number {
  return (dateSent ?? dateCreated).getTime();
}

export interface StartDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "master" | "active">;
}

/** The account that received a START; null when it is a tenant's own and not active. */
async function receivingAccount(
  userId: string | null,
  accounts: StartDependencies["accounts"],
): Promise<{ twilio: Twilio | null; isSuspended: boolean }> {
  if (userId === null) return { twilio: await accounts.master(), isSuspended: false };
  const account = await accounts.active(userId);
  return account.status === "active"
    ? { twilio: account.twilio, isSuspended: false }
    : { twilio: null, isSuspended: account.status === "suspended" };
}

/** As `compareStart`, as the account that received it. @param userId null for the master account */
export async function compareReceivedStart(
  userId: string | null,
  check: StartCheck,
  { accounts }: Pick<StartDependencies, "accounts">,
): Promise<StartedConsent> {
  const { twilio } = await receivingAccount(userId, accounts);
  if (twilio === null) throw new Error(`Cannot settle the START ${check.startSid}: its account is not active`);
  return await compareStart(twilio, check);
}

/** Deletes the opt-outs that a START lifts, and decides the reply to the message that a webhook brought, if any. */
export async function liftOptOuts(
  db: Db,
  userId: string | null,
  { ownNumber, peerNumber }: StartCheck,
  { startedAt, olderStops, goneStops }: StartedConsent,
  answered: { sid: string; country: string | null } | null,
) {
  return await decide(db, "lift_opt_outs", {
    p_user_id: userId,
    p_own_number: ownNumber,
    p_peer_number: peerNumber,
    p_started_at: startedAt?.toISOString() ?? null,
    p_older_stops: olderStops,
    p_gone_stops: goneStops,
    p_answered_sid: answered?.sid ?? null,
    p_country: answered?.country ?? null,
  });
}

/**
 * Settles a START that its webhook did not: until then the recipient stays opted out. One that Twilio has not listed by
 * the last attempt lifts nothing.
 * @returns whether it is settled; false while its account is suspended
 */
export async function settleStart(
  { userId, startSid }: { userId: string | null; startSid: string },
  isLastAttempt: boolean,
  { db, accounts, log }: StartDependencies & { log: Log },
): Promise<boolean> {
  const [pending] = await rows(db, "start_to_settle", { p_user_id: userId, p_start_sid: startSid });
  if (pending === undefined) return true;
  const { twilio, isSuspended } = await receivingAccount(userId, accounts);
  if (twilio === null) return !isSuspended;
  const { own_number: ownNumber, peer_number: peerNumber, stop_sids: stopSids } = pending;
  const check = { startSid, stopSids, ownNumber, peerNumber };
  try {
    await liftOptOuts(db, userId, check, await compareStart(twilio, check), null);
  } catch (error) {
    if (!(error instanceof StartNotListed && isLastAttempt)) throw error;
    log.warn("twilio.start_not_listed", { userId, startSid });
  }
  return true;
}

/** What an undecided START lifts. */
export const UNDECIDED: StartedConsent = NEWER_STOP;
