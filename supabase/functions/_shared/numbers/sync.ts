import type { IncomingPhoneNumberInstance } from "twilio/lib/rest/api/v2010/account/incomingPhoneNumber.js";
import * as z from "zod";
import { Constants, type Json } from "../database.types.ts";
import { type Db, decide, decision, type Enum, rowFrom, rows } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import type { Twilio } from "../twilio/client.ts";
import { failureOf, requireTwilioFailure, type TwilioFailure } from "../twilio/errors.ts";
import { capabilitiesOf, tenantNumber } from "./shape.ts";
import { type KnownNumber, type ListedNumber, planSync, type SyncStep } from "./sync-plan.ts";
import { type SmsWebhook, tenantWebhook, webhookOf } from "./webhook.ts";

const beginNumberSync = decision("begin_number_sync", {
  active: ["subaccount_sid", "sealed_token", "read_at", "numbers"],
  none: [],
  pending: [],
  suspended: [],
  closed: [],
});

export const numberChangeSchema = z.strictObject({
  change: z.enum(Constants.public.Enums.record_number_sync_outcome).exclude(["held", "left_alone"]),
  phoneNumber: z.string().describe("E.164"),
  phoneSid: z.string(),
}).meta({ id: "NumberChange", description: "One difference between our rows and Twilio's list that a sync recorded" });

export type NumberChange = z.output<typeof numberChangeSchema>;

export interface SyncDependencies {
  db: Db;
  accounts: Pick<TwilioAccounts, "from">;
  publicBaseUrl: string;
  requestId: string;
  log: Log;
}

export type SyncResult =
  | { outcome: "synced"; changes: NumberChange[] }
  /** Nothing was done: the tenant's account is not active. */
  | { outcome: "no_account"; status: Exclude<Enum<"account_status">, "active"> }
  /** A call to Twilio failed. The changes until then are recorded. */
  | { outcome: "failed"; failure: TwilioFailure };

/**
 * Makes our rows equal to the tenant's numbers at Twilio, and every number's webhook ours. The changes are recorded in one
 * decision. It ignores rows that changed after they were read, because Twilio's list may be older than that.
 * @param actor the actor in the audit log: `sync`, or the user who requested it
 */
export async function syncNumbers(userId: string, actor: string, dependencies: SyncDependencies): Promise<SyncResult> {
  const { db, accounts } = dependencies;
  const begun = await beginNumberSync(db, { p_user_id: userId });
  if (begun.outcome !== "active") return { outcome: "no_account", status: begun.outcome };
  const { subaccount_sid: accountSid, sealed_token: sealedToken, read_at: readAt } = begun;
  const tenant = { userId, accountSid, readAt, actor, known: knownNumbers(begun.numbers) };
  const twilio = await accounts.from({ userId, accountSid, sealedToken });
  try {
    return { outcome: "synced", changes: await compare(tenant, twilio, dependencies) };
  } catch (error) {
    const failure = requireTwilioFailure(error);
    if (failure.kind === "account") await decide(db, "report_account_trouble", { p_user_id: userId });
    return { outcome: "failed", failure };
  }
}

/** A tenant's account and our rows of its numbers, as they were read. */
interface ReadTenant {
  userId: string;
  accountSid: string;
  readAt: string;
  actor: string;
  known: KnownNumber[];
}

async function compare(
  tenant: ReadTenant,
  twilio: Twilio,
  dependencies: SyncDependencies,
): Promise<NumberChange[]> {
  const wanted = tenantWebhook(dependencies.publicBaseUrl, tenant.userId);
  const listed = (await twilio.account.incomingPhoneNumbers.list({ pageSize: 1000 })).map(listedNumber);
  const { changes, failure } = await carryOut(planSync(tenant.known, listed, wanted), twilio, wanted);
  // Also without changes: it gives the tenant a primary number when they have none that can send.
  const recorded = await recordChanges(tenant, changes, dependencies);
  if (failure !== null) throw failure.error;
  return recorded;
}

function knownNumbers(found: Json): KnownNumber[] {
  return z.array(z.json()).parse(found).map((json) => {
    const { status, ...number } = tenantNumber(rowFrom("user_twilio_numbers", json));
    return { ...number, status: statusSchema.parse(status) };
  });
}

const statusSchema = z.enum(["purchasing", "active", "releasing"]);

function listedNumber(number: IncomingPhoneNumberInstance): ListedNumber {
  return {
    phoneNumber: number.phoneNumber,
    phoneSid: number.sid,
    friendlyName: number.friendlyName,
    capabilities: capabilitiesOf(number.capabilities),
    webhook: webhookOf(number),
  };
}

/** A change in the shape that `record_number_sync` takes. */
interface FoundChange {
  change: Enum<"number_change">;
  numberId?: string;
  number: {
    phoneNumber: string;
    phoneSid: string;
    friendlyName?: string;
    capabilities?: Record<string, boolean>;
  };
  details?: Record<string, string[]>;
}

/** Executes the steps until one fails. The changes until then are returned with the failure. */
async function carryOut(
  steps: readonly SyncStep[],
  twilio: Twilio,
  wanted: SmsWebhook,
): Promise<{ changes: FoundChange[]; failure: { error: unknown } | null }> {
  const changes: FoundChange[] = [];
  try {
    for (const step of steps) {
      const change = await carryOutOne(step, twilio, wanted);
      if (change !== null) changes.push(change);
    }
    return { changes, failure: null };
  } catch (error) {
    return { changes, failure: { error } };
  }
}

async function carryOutOne(
  step: SyncStep,
  twilio: Twilio,
  wanted: SmsWebhook,
): Promise<FoundChange | null> {
  switch (step.do) {
    case "release": {
      const { numberId, phoneNumber, phoneSid } = step;
      if (!await isGone(phoneSid, twilio)) return null;
      return { change: "released", numberId, number: { phoneNumber, phoneSid } };
    }
    case "record-purchase":
      return { change: "bought", numberId: step.numberId, number: described(step.number) };
    case "take-in":
      return { change: "appeared", number: described(step.number) };
    case "take-over": {
      const { numberId, number, changed } = step;
      return { change: "changed", numberId, number: described(number), details: { changed: [...changed] } };
    }
    case "repair": {
      const { number, drifted } = step;
      if (!await isRepaired(number.phoneSid, twilio, wanted)) return null;
      return { change: "repaired", number: described(number), details: { drifted: [...drifted] } };
    }
  }
}

/** @returns false if the number is gone since it was listed */
async function isRepaired(phoneSid: string, twilio: Twilio, wanted: SmsWebhook): Promise<boolean> {
  try {
    await twilio.account.incomingPhoneNumbers(phoneSid).update(wanted);
    return true;
  } catch (error) {
    if (failureOf(error)?.kind === "not_found") return false;
    throw error;
  }
}

/** Looked up by its SID, because a list that is read page by page can miss a number. */
async function isGone(phoneSid: string, twilio: Twilio): Promise<boolean> {
  try {
    await twilio.account.incomingPhoneNumbers(phoneSid).fetch();
    return false;
  } catch (error) {
    if (failureOf(error)?.kind === "not_found") return true;
    throw error;
  }
}

function described({ phoneNumber, phoneSid, friendlyName, capabilities }: ListedNumber): FoundChange["number"] {
  return { phoneNumber, phoneSid, friendlyName, capabilities };
}

async function recordChanges(
  { userId, accountSid, readAt, actor }: ReadTenant,
  changes: FoundChange[],
  { db, requestId, log }: SyncDependencies,
): Promise<NumberChange[]> {
  const recorded = await rows(db, "record_number_sync", {
    p_user_id: userId,
    p_account_sid: accountSid,
    p_read_at: readAt,
    p_changes: changes as never,
    p_actor: actor,
    p_request_id: requestId,
  });
  return recorded.flatMap(({ outcome, phone_number: phoneNumber, phone_sid: phoneSid }): NumberChange[] => {
    switch (outcome) {
      case "left_alone":
        return [];
      case "held":
        log.warn("number.held", { userId, phoneNumber, phoneSid });
        return [];
      case "appeared":
      case "changed":
      case "released":
      case "repaired":
        return [{ change: outcome, phoneNumber, phoneSid }];
    }
  });
}
