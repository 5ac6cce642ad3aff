import type Stripe from "stripe";
import * as z from "zod";
import { type AlertDependencies, deliverAlert } from "../_shared/alerts/deliver.ts";
import { applyStripeEvent } from "../_shared/billing/apply-event.ts";
import { carryOutCancellation } from "../_shared/billing/cancel.ts";
import { settleFinalBill } from "../_shared/billing/final-bill.ts";
import { applyThinEvent } from "../_shared/billing/thin-event.ts";
import { keepDueMeteredItems, keepMeteredItems } from "../_shared/billing/keep-metered-items.ts";
import { compareMeters, type ComparisonResult } from "../_shared/billing/compare-meters.ts";
import { readInvoice } from "../_shared/billing/read-invoice.ts";
import { flushPeriod } from "../_shared/billing/flush.ts";
import { type MeterResult, meterUsage } from "../_shared/billing/meter-usage.ts";
import { fetchMissedEvents } from "../_shared/billing/missed-events.ts";
import { runCampaign } from "../_shared/campaigns/run.ts";
import { forwardEvent } from "../_shared/forwarding/forward.ts";
import type { JobResult, JobWork } from "../_shared/jobs/drain.ts";
import { eraseDeletedUser } from "../_shared/messages/erase.ts";
import { refreshMessagePrices } from "../_shared/messages/prices.ts";
import { redactMessages } from "../_shared/messages/redact.ts";
import { refreshMessages } from "../_shared/messages/refresh.ts";
import { settleMessages } from "../_shared/messages/settle.ts";
import { settleStart } from "../_shared/messages/starts.ts";
import { type ListPriceDependencies, recordListPrices } from "../_shared/numbers/list-prices.ts";
import { refreshMasterNumbers } from "../_shared/numbers/master-pool.ts";
import { settlePurchases } from "../_shared/numbers/settle.ts";
import { settleReleases } from "../_shared/numbers/settle-releases.ts";
import { syncNumbers } from "../_shared/numbers/sync.ts";
import { decide } from "../_shared/platform/database.ts";
import { describeError } from "../_shared/platform/log.ts";
import { converge } from "../_shared/subaccounts/converge.ts";
import type { ConvergeDependencies } from "../_shared/subaccounts/convergence.ts";
import type { TwilioAccounts } from "../_shared/accounts/twilio-accounts.ts";
import { resealTokens } from "../_shared/sealing/reseal.ts";
import { rotateToken } from "../_shared/tokens/rotate.ts";
import { syncUsage } from "../_shared/usage/sync.ts";
import { isMasterInactive } from "../_shared/subaccounts/look-up.ts";
import { sweepPage } from "../_shared/subaccounts/sweep.ts";
import { errorOfFailure } from "../_shared/twilio/errors.ts";
import type { MessagePricing } from "../_shared/twilio/message-pricing.ts";
import { keepUsageTrigger, type TriggerResult } from "../_shared/usage/triggers.ts";

const jobSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("converge"), userId: z.guid(), thorough: z.boolean().default(false) }),
  z.object({ kind: z.literal("stripe-event"), eventId: z.string() }),
  z.object({ kind: z.literal("cancel-subscription"), subscriptionId: z.string() }),
  z.object({ kind: z.literal("settle-final-bill"), subscriptionId: z.string() }),
  z.object({ kind: z.literal("settle-final-bills") }),
  z.object({ kind: z.literal("read-invoice"), invoiceId: z.string() }),
  z.object({ kind: z.literal("apply-thin-event"), eventId: z.string() }),
  z.object({ kind: z.literal("compare-meters"), customerId: z.string() }),
  z.object({ kind: z.literal("compare-due-customers") }),
  z.object({ kind: z.literal("add-up-revenue") }),
  z.object({ kind: z.literal("keep-metered-items"), subscriptionId: z.string().optional() }),
  z.object({ kind: z.literal("refresh-master-numbers") }),
  z.object({ kind: z.literal("settle-messages") }),
  z.object({ kind: z.literal("settle-number-purchases") }),
  z.object({ kind: z.literal("settle-number-releases") }),
  z.object({ kind: z.literal("sync-numbers"), userId: z.guid() }),
  z.object({ kind: z.literal("sync-all-numbers") }),
  z.object({ kind: z.literal("sync-usage"), accountSid: z.string() }),
  z.object({ kind: z.literal("sync-all-usage") }),
  z.object({ kind: z.literal("converge-drifted") }),
  z.object({ kind: z.literal("sweep"), sweepId: z.number().optional(), pageUrl: z.url().optional() }),
  z.object({ kind: z.literal("fetch-missed-events") }),
  z.object({ kind: z.literal("forget-rate-limits") }),
  z.object({ kind: z.literal("charge-number-fees") }),
  z.object({ kind: z.literal("delete-campaign-recipients") }),
  z.object({ kind: z.literal("purge-expired") }),
  z.object({ kind: z.literal("rotate-token"), userId: z.guid() }),
  z.object({ kind: z.literal("rotate-old-tokens") }),
  z.object({ kind: z.literal("forget-previous-tokens") }),
  z.object({ kind: z.literal("rotate-sealing-keys") }),
  z.object({ kind: z.literal("refresh-messages") }),
  z.object({ kind: z.literal("refresh-message-prices") }),
  z.object({ kind: z.literal("reconcile-days") }),
  z.object({ kind: z.literal("price-numbers") }),
  z.object({ kind: z.literal("count-unpaid-accounts") }),
  z.object({ kind: z.literal("redact-messages"), userId: z.guid() }),
  z.object({ kind: z.literal("redact-old-messages") }),
  z.object({ kind: z.literal("erase-user"), userId: z.guid() }),
  z.object({ kind: z.literal("settle-start"), userId: z.guid().nullable(), startSid: z.string() }),
  z.object({ kind: z.literal("check-spending") }),
  z.object({ kind: z.literal("deliver-alert"), alertId: z.guid() }),
  z.object({ kind: z.literal("forward-message"), userId: z.guid(), messageId: z.guid() }),
  z.object({ kind: z.literal("forward-notice"), userId: z.guid(), noticeId: z.guid() }),
  z.object({ kind: z.literal("keep-usage-trigger"), userId: z.guid() }),
  z.object({ kind: z.literal("keep-usage-triggers") }),
  z.object({ kind: z.literal("meter-due-customers") }),
  z.object({ kind: z.literal("meter-usage"), customerId: z.string() }),
  z.object({
    kind: z.literal("close-periods"),
    period: z.object({ customerId: z.string(), subscriptionId: z.string(), startsAt: z.string() }).optional(),
  }),
  z.object({ kind: z.literal("rate-due-usage") }),
  z.object({ kind: z.literal("rate-usage"), userId: z.guid() }),
  z.object({ kind: z.literal("run-campaign"), userId: z.guid(), campaignId: z.guid(), run: z.number().int() }),
]);

const BUSY_SECONDS = 3;
const LIMIT_SECONDS = 3600;
/** Convergence waits while the master account is not active. */
const INACTIVE_MASTER_SECONDS = 300;
/** A START is compared once its account is active again. */
const SUSPENDED_SECONDS = 3600;
/** Tenants compared, and texts marked for deletion, by one statement: it must take far less than half a second. */
const DRIFTED_BATCH = 200;
const REDACTIONS_BATCH = 200;
const PREVIOUS_TOKENS_BATCH = 500;
/** Tenants whose spend limit changed, checked by one statement. */
const SPENDING_BATCH = 200;
/** Final bills looked at by one statement. */
const FINAL_BILLS_BATCH = 100;
const RECIPIENTS_BATCH = 2_000;
/** Rows of each kind that one statement purges. */
const PURGE_BATCH = 1000;
const NUMBER_FEES_BATCH = 500;
/** Subscriptions that get metered items in one job. Each takes up to five calls to Stripe. */
const UNMETERED_BATCH = 20;
/** Numbers whose listed price is read by one job. */
const PRICES_BATCH = 100;
/** Accounts whose cost one statement adds up: it must take far less than half a second. */
const UNPAID_BATCH = 100;
/** Rotations requested per hour. Each takes several calls to Twilio. */
const OLD_TOKENS_BATCH = 50;
/** Days compared with Twilio's usage by one statement, which also ends after a second. */
const RECONCILED_BATCH = 50;
/** Accounts whose usage is read per minute. Each takes at least one call to Twilio. */
const USAGE_BATCH = 200;
/** Usage triggers looked at per minute. Each takes at least one call to Twilio. */
const USAGE_TRIGGERS_BATCH = 100;
/** Customers for whom the sending of usage is enqueued by one statement. */
const SENDING_BATCH = 500;
/** Billing periods whose closing is looked at by one statement. */
const CLOSING_BATCH = 200;
/** Customers whose comparison one statement asks for. Each takes a few calls to Stripe. */
const COMPARISONS_BATCH = 100;
/** Changes of the revenue that one statement adds up. It takes less than a second. */
const REVENUE_BATCH = 10_000;
/** Tenants whose usage is to be rated, for whom one statement enqueues jobs. */
const RATING_BATCH = 500;
/** After a full batch of due work, the next one follows with the next drain. */
const NEXT_BATCH: JobResult = { againInSeconds: 1 };

const triggerResults: Record<TriggerResult, JobResult> = {
  kept: "done",
  no_account: "done",
  busy: { againInSeconds: BUSY_SECONDS },
  fenced: { againInSeconds: BUSY_SECONDS },
};

const comparisonResults: Record<ComparisonResult, JobResult> = {
  compared: "done",
  busy: { againInSeconds: BUSY_SECONDS },
  fenced: { againInSeconds: BUSY_SECONDS },
};

/** What another process does, or what Stripe must answer first, is due again by itself. */
const meterResults: Record<MeterResult, JobResult> = {
  idle: "done",
  more: NEXT_BATCH,
  stopped: "done",
  busy: "done",
  fenced: "done",
};

/** What the jobs work with. */
export interface WorkDependencies extends ConvergeDependencies {
  accounts: TwilioAccounts;
  /** Loaded by the first job that asks Stripe. */
  stripe: () => Promise<Stripe>;
  /** The master account's price list, loaded on first use. */
  messagePricing: () => Promise<MessagePricing>;
  masterAccountSid: string;
  publicBaseUrl: string;
  /** The master account's prices of numbers in a country. */
  numberPrices: ListPriceDependencies["numberPrices"];
  /** Accounts per page of a sweep. */
  pageSize?: number;
  /** Where operator alerts are delivered; null: nowhere. */
  alertTarget: AlertDependencies["alertTarget"];
  /** Whether tenants' forward webhooks may be on private hosts. */
  forwardToPrivate: boolean;
  /** The age at which a token is rotated without a request. */
  tokenMaxAgeDays: number;
  /** How many syncs of numbers are requested per minute. Each takes at least one call to Twilio. */
  numberSyncsPerMinute: number;
  /** How long the recipients of an ended campaign are kept. */
  campaignRecipientsKeptDays: number;
}

/** Runs a job of each kind. */
export function workOf(dependencies: WorkDependencies): JobWork {
  const { db, accounts, stripe, now } = dependencies;
  return async (raw, attempt) => {
    const job = jobSchema.parse(raw);
    switch (job.kind) {
      case "converge":
        return await unlessMasterIsInactive(
          () => convergeTenant(job.userId, job.thorough, dependencies),
          { againInSeconds: INACTIVE_MASTER_SECONDS },
          dependencies,
        );
      case "stripe-event":
        await applyStripeEvent(job.eventId, { db, stripe: await stripe() });
        return "done";
      case "cancel-subscription": {
        const seconds = await carryOutCancellation(job.subscriptionId, dependencies);
        return seconds === null ? "done" : { againInSeconds: seconds };
      }
      case "read-invoice":
        await readInvoice(job.invoiceId, { db, stripe: await stripe() });
        return "done";
      case "settle-final-bill":
        await settleFinalBill(job.subscriptionId, { db, stripe: await stripe() });
        return "done";
      case "settle-final-bills":
        return await decide(db, "ask_for_final_bills", { p_limit: FINAL_BILLS_BATCH }) < FINAL_BILLS_BATCH
          ? "done"
          : NEXT_BATCH;
      case "apply-thin-event":
        await applyThinEvent(job.eventId, { db, stripe: await stripe() });
        return "done";
      case "compare-meters":
        return comparisonResults[await compareMeters(job.customerId, { db, stripe: await stripe() })];
      case "compare-due-customers":
        return await decide(db, "ask_for_comparisons", { p_limit: COMPARISONS_BATCH }) < COMPARISONS_BATCH
          ? "done"
          : NEXT_BATCH;
      case "add-up-revenue":
        return await decide(db, "add_up_revenue", { p_limit: REVENUE_BATCH }) < REVENUE_BATCH ? "done" : NEXT_BATCH;
      case "keep-metered-items":
        if (job.subscriptionId === undefined) {
          return await keepDueMeteredItems(UNMETERED_BATCH, { db, stripe }) < UNMETERED_BATCH ? "done" : NEXT_BATCH;
        }
        await keepMeteredItems(job.subscriptionId, { db, stripe: await stripe() });
        return "done";
      case "fetch-missed-events":
        await fetchMissedEvents(db, await stripe(), now());
        return "done";
      case "sweep": {
        const progress = progressOf(job);
        return await unlessMasterIsInactive(
          () => sweepPage(progress, dependencies),
          // The next scheduled sweep begins anew.
          progress === null ? "done" : { againInSeconds: INACTIVE_MASTER_SECONDS },
          dependencies,
        );
      }
      case "refresh-master-numbers":
        await refreshMasterNumbers({ ...dependencies, master: await accounts.master() });
        return "done";
      case "settle-messages":
        await settleMessages(dependencies);
        return "done";
      case "refresh-messages":
        await refreshMessages(dependencies);
        return "done";
      case "reconcile-days":
        return await decide(db, "reconcile_due_days", { p_limit: RECONCILED_BATCH }) > 0 ? NEXT_BATCH : "done";
      case "refresh-message-prices":
        await refreshMessagePrices(dependencies);
        return "done";
      case "price-numbers":
        return await recordListPrices(PRICES_BATCH, dependencies) < PRICES_BATCH ? "done" : NEXT_BATCH;
      case "count-unpaid-accounts":
        return await decide(db, "count_unpaid_accounts", { p_limit: UNPAID_BATCH }) ? "done" : NEXT_BATCH;
      case "redact-messages":
        return await redactMessages(job.userId, dependencies) ? "done" : { againInSeconds: 60 };
      case "redact-old-messages": {
        const { checked, asked } = await decide(db, "ask_for_due_redactions", { p_limit: REDACTIONS_BATCH });
        return Math.max(checked, asked) < REDACTIONS_BATCH ? "done" : NEXT_BATCH;
      }
      case "erase-user":
        return await eraseDeletedUser(job.userId, { db }) ? "done" : { againInSeconds: 1 };
      case "settle-start":
        return await settleStart(job, attempt.retryInSeconds === null, dependencies)
          ? "done"
          : { againInSeconds: SUSPENDED_SECONDS };
      case "deliver-alert":
        await deliverAlert(job.alertId, dependencies);
        return "done";
      case "forward-message":
        await forwardEvent(
          { userId: job.userId, id: job.messageId, source: "message" },
          attempt.retryInSeconds,
          dependencies,
        );
        return "done";
      case "forward-notice":
        await forwardEvent(
          { userId: job.userId, id: job.noticeId, source: "notice" },
          attempt.retryInSeconds,
          dependencies,
        );
        return "done";
      case "run-campaign": {
        const seconds = await runCampaign(job, dependencies);
        return seconds === null ? "done" : { againInSeconds: seconds };
      }
      case "settle-number-purchases":
        await settlePurchases(dependencies);
        return "done";
      case "settle-number-releases":
        await settleReleases(dependencies);
        return "done";
      case "sync-numbers":
        return await syncTenantsNumbers(job.userId, dependencies);
      case "sync-all-numbers":
        await decide(db, "ask_for_number_syncs", { p_limit: dependencies.numberSyncsPerMinute });
        return "done";
      case "charge-number-fees":
        return await decide(db, "charge_number_fees", { p_limit: NUMBER_FEES_BATCH }) < NUMBER_FEES_BATCH
          ? "done"
          : NEXT_BATCH;
      case "sync-usage":
        return await unlessMasterIsInactive(
          async () => await syncUsage(job.accountSid, dependencies) ? "done" : NEXT_BATCH,
          { againInSeconds: INACTIVE_MASTER_SECONDS },
          dependencies,
        );
      case "sync-all-usage":
        await decide(db, "ask_for_usage_syncs", {
          p_master_sid: dependencies.masterAccountSid,
          p_limit: USAGE_BATCH,
        });
        return "done";
      case "forget-rate-limits":
        await decide(db, "forget_rate_limits", {});
        return "done";
      case "purge-expired": {
        const purged = await decide(db, "purge_expired", { p_limit: PURGE_BATCH });
        return Math.max(...Object.values(purged)) < PURGE_BATCH ? "done" : NEXT_BATCH;
      }
      case "converge-drifted": {
        const { checked } = await decide(db, "ask_for_drifted_convergence", { p_limit: DRIFTED_BATCH });
        return checked < DRIFTED_BATCH ? "done" : NEXT_BATCH;
      }
      case "delete-campaign-recipients": {
        const deleted = await decide(db, "delete_campaign_recipients", {
          p_kept_days: dependencies.campaignRecipientsKeptDays,
          p_limit: RECIPIENTS_BATCH,
        });
        return deleted < RECIPIENTS_BATCH ? "done" : NEXT_BATCH;
      }
      case "check-spending": {
        const checked = await decide(db, "check_due_spending", { p_limit: SPENDING_BATCH });
        return checked < SPENDING_BATCH ? "done" : NEXT_BATCH;
      }
      case "rotate-token":
        return await rotateTenantsToken(job.userId, dependencies);
      case "rotate-old-tokens":
        await decide(db, "ask_for_due_token_rotations", {
          p_max_age_days: dependencies.tokenMaxAgeDays,
          p_limit: OLD_TOKENS_BATCH,
        });
        return "done";
      case "forget-previous-tokens":
        return await decide(db, "forget_previous_tokens", { p_limit: PREVIOUS_TOKENS_BATCH }) < PREVIOUS_TOKENS_BATCH
          ? "done"
          : NEXT_BATCH;
      case "keep-usage-trigger":
        return await unlessMasterIsInactive(
          async () => triggerResults[await keepUsageTrigger(job.userId, dependencies)],
          { againInSeconds: INACTIVE_MASTER_SECONDS },
          dependencies,
        );
      case "keep-usage-triggers":
        await decide(db, "ask_for_usage_triggers", { p_limit: USAGE_TRIGGERS_BATCH });
        return "done";
      case "meter-due-customers": {
        const asked = await decide(db, "ask_for_metering", { p_limit: SENDING_BATCH });
        return asked < SENDING_BATCH ? "done" : NEXT_BATCH;
      }
      case "meter-usage":
        return meterResults[await meterUsage(job.customerId, dependencies)];
      case "close-periods":
        if (job.period !== undefined) {
          await flushPeriod(job.period, dependencies);
          return "done";
        }
        return await decide(db, "close_due_periods", { p_limit: CLOSING_BATCH }) < CLOSING_BATCH ? "done" : NEXT_BATCH;
      case "rate-due-usage":
        return await decide(db, "ask_for_rating", { p_limit: RATING_BATCH }) < RATING_BATCH ? "done" : NEXT_BATCH;
      case "rate-usage":
        // Once: a tenant with more to rate is due again.
        await decide(db, "rate_usage", { p_user_id: job.userId, p_is_final: false });
        return "done";
      case "rotate-sealing-keys":
        return await resealTokens(dependencies) ? "done" : { againInSeconds: 1 };
    }
  };
}

function progressOf({ sweepId, pageUrl }: { sweepId?: number | undefined; pageUrl?: string | undefined }) {
  return sweepId === undefined || pageUrl === undefined ? null : { sweepId, pageUrl };
}

/** Runs a job as the master account. While Twilio refuses that account, alerts the operator and returns `otherwise`. */
async function unlessMasterIsInactive(
  run: () => Promise<JobResult | void>,
  otherwise: JobResult,
  { db, masterAccountSid, log }: Pick<WorkDependencies, "db" | "masterAccountSid" | "log">,
): Promise<JobResult> {
  try {
    return await run() ?? "done";
  } catch (error) {
    if (!isMasterInactive(error)) throw error;
    log.error("master.inactive", describeError(error));
    await decide(db, "report_inactive_master", { p_account_sid: masterAccountSid });
    return otherwise;
  }
}

async function convergeTenant(
  userId: string,
  thorough: boolean,
  dependencies: WorkDependencies,
): Promise<JobResult> {
  const result = await converge(userId, dependencies, thorough);
  switch (result.outcome) {
    case "converged":
      return "done";
    case "busy":
    case "fenced":
      return { againInSeconds: BUSY_SECONDS };
    case "waiting":
      return againAt(result.until, dependencies.now());
    case "limit_reached":
      return { againInSeconds: LIMIT_SECONDS };
  }
}

async function rotateTenantsToken(userId: string, dependencies: WorkDependencies): Promise<JobResult> {
  const result = await rotateToken(userId, dependencies);
  switch (result.outcome) {
    case "done":
    case "gone":
      return "done";
    case "busy":
    case "fenced":
      return { againInSeconds: BUSY_SECONDS };
    case "waiting":
      return againAt(result.until, dependencies.now());
  }
}

async function syncTenantsNumbers(userId: string, dependencies: WorkDependencies): Promise<JobResult> {
  const result = await syncNumbers(userId, "sync", dependencies);
  // A convergence is enqueued for an account that may no longer act.
  if (result.outcome === "failed" && result.failure.kind !== "account") throw errorOfFailure(result.failure);
  return "done";
}

function againAt(time: Date, now: Date): JobResult {
  return { againInSeconds: Math.max(1, Math.ceil((time.getTime() - now.getTime()) / 1000)) };
}
