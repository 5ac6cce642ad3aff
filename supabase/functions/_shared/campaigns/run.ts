import { compositesFrom, type Db, decide, decision, type Enum } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import { PAUSE_REASONS } from "../messages/account-errors.ts";
import type { Twilio } from "../twilio/client.ts";
import type { Trouble } from "../twilio/message-codes.ts";
import { type Batch, type BatchResult, sendBatch, type SendOutcome } from "./batch.ts";

export interface RunDependencies {
  db: Db;
  log: Log;
  publicBaseUrl: string;
  accounts: Pick<TwilioAccounts, "from">;
  /** How long one turn lasts. Other jobs run between turns. */
  turnMs?: number;
}

export interface CampaignJob {
  campaignId: string;
  userId: string;
  run: number;
}

/** Longer than the pause between two turns, so that a number's send rate is kept across turns. */
const TURN_MS = 5_000;
const BATCH = 25;
/** A turn ends instead of waiting longer than this. */
const LONGEST_WAIT_MS = 2_000;
const LONGEST_BACKOFF_SECONDS = 300;
/** About an hour of attempts, each with a longer pause before it. Then the campaign is paused: the queue does not empty. */
const MOST_FAILED_BATCHES = 20;
/** Twilio's code of a 429. */
const THROTTLED_CODE = 20429;

const reserveBatch = decision("reserve_campaign_batch", {
  reserved: ["account_sid", "sealed_token", "from_number", "media_urls", "messages"],
  scheduled: ["wait_ms"],
  send_rate_reached: ["wait_ms"],
  limit_reached: ["wait_ms"],
  paused: [],
  completed: [],
  over: [],
});

/**
 * Sends the next messages of a campaign, batch by batch, for one turn. Each batch is reserved before Twilio is called, and its
 * results are recorded afterwards. After a crash in between, evidence settles the batch; no message is sent twice.
 * @returns in how many seconds it continues; null when it does not
 */
export async function runCampaign(job: CampaignJob, dependencies: RunDependencies): Promise<number | null> {
  const deadline = performance.now() + (dependencies.turnMs ?? TURN_MS);
  do {
    const step = await nextBatch(job, dependencies);
    if (step.kind === "over") return null;
    if (step.waitMs > LONGEST_WAIT_MS) return Math.ceil(step.waitMs / 1000);
    if (step.waitMs > 0) await new Promise((resolve) => setTimeout(resolve, step.waitMs));
  } while (performance.now() < deadline);
  return 0;
}

type Step = { kind: "over" } | { kind: "continues"; waitMs: number };

async function nextBatch(job: CampaignJob, dependencies: RunDependencies): Promise<Step> {
  const { campaignId, userId, run } = job;
  const reserved = await reserveBatch(dependencies.db, {
    p_campaign_id: campaignId,
    p_user_id: userId,
    p_run: run,
    p_limit: BATCH,
  });
  switch (reserved.outcome) {
    case "over":
    case "completed":
    case "paused":
      return { kind: "over" };
    case "scheduled":
    case "limit_reached":
    case "send_rate_reached":
      return { kind: "continues", waitMs: reserved.wait_ms };
    case "reserved":
      return await send(job, {
        accountSid: reserved.account_sid,
        sealedToken: reserved.sealed_token,
        from: reserved.from_number,
        mediaUrls: reserved.media_urls,
        messages: compositesFrom("batch_message", reserved.messages)
          .map(({ id, to_number: to, body }) => ({ id: id!, to: to!, body })),
      }, dependencies);
  }
}

async function send(job: CampaignJob, batch: Batch, dependencies: RunDependencies): Promise<Step> {
  if (batch.messages.length === 0) return { kind: "continues", waitMs: 0 };
  const { db, log, publicBaseUrl } = dependencies;
  const { campaignId, userId } = job;
  const twilio = await accountOf(job, batch, dependencies);
  const outcomes = await sendBatch(batch, { twilio, userId, publicBaseUrl });
  const failedBatches = await record(job, outcomes.map(({ result }) => result), db);
  log.info("campaign.batch", { campaignId, userId, messages: outcomes.length, failedBatches });
  const trouble = troubleOf(outcomes);
  const backoff = failedBatches === 0 ? 0 : Math.min(2 ** failedBatches, LONGEST_BACKOFF_SECONDS);
  switch (trouble?.sort) {
    case "account":
      await pause(job, PAUSE_REASONS[trouble.trouble], trouble.rejection.code, db);
      await reportTrouble(trouble.trouble, userId, db);
      return { kind: "over" };
    case "retry": {
      if (failedBatches >= MOST_FAILED_BATCHES) {
        await pause(job, "twilio_throttled", trouble.rejection?.code ?? THROTTLED_CODE, db);
        return { kind: "over" };
      }
      const seconds = Math.max(backoff, trouble.retryAfterSeconds ?? 0, 1);
      await decide(db, "delay_sender", { p_phone_number: batch.from, p_seconds: seconds });
      return { kind: "continues", waitMs: seconds * 1000 };
    }
    case undefined:
      return { kind: "continues", waitMs: backoff * 1000 };
  }
}

/** Why the next batch cannot follow at once. A trouble of the account comes first: it does not pass by itself. */
function troubleOf(outcomes: SendOutcome[]): SendOutcome["trouble"] {
  const troubles = outcomes.flatMap(({ trouble }) => trouble ?? []);
  return troubles.find(({ sort }) => sort === "account") ??
    troubles.find((trouble) => trouble.sort === "retry" && trouble.retryAfterSeconds !== null) ?? troubles[0] ?? null;
}

function pause({ campaignId, userId }: CampaignJob, reason: Enum<"campaign_status_reason">, code: number, db: Db) {
  return decide(db, "pause_campaign", {
    p_campaign_id: campaignId,
    p_user_id: userId,
    p_reason: reason,
    p_error_code: code,
  });
}

/** Lets the jobs that know how look for the cause. Settings at Twilio are the operator's, who gets an alert. */
async function reportTrouble(trouble: Trouble, userId: string, db: Db): Promise<void> {
  switch (trouble) {
    case "credentials":
      await decide(db, "report_account_trouble", { p_user_id: userId });
      return;
    case "sender":
      await decide(db, "report_sender_trouble", { p_user_id: userId });
      return;
    case "settings":
      return;
  }
}

/** @throws Error when the tenant's token does not open. Nothing was sent, so the whole batch waits again */
async function accountOf(job: CampaignJob, batch: Batch, { db, accounts }: RunDependencies): Promise<Twilio> {
  try {
    const { accountSid, sealedToken } = batch;
    return await accounts.from({ userId: job.userId, accountSid, sealedToken });
  } catch (error) {
    await record(job, batch.messages.map(({ id }) => ({ message_id: id, status: "released" })), db);
    throw error;
  }
}

/** @returns how many batches in a row got no response from Twilio, or were throttled */
function record({ campaignId, userId }: CampaignJob, results: BatchResult[], db: Db): Promise<number> {
  return decide(db, "record_campaign_batch", {
    p_campaign_id: campaignId,
    p_user_id: userId,
    p_results: results.map((result) => ({ ...result })),
  });
}
