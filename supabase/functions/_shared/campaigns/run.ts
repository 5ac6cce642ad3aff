import { compositesFrom, type Db, decide, decision } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import type { Twilio } from "../twilio/client.ts";
import { type Batch, type BatchResult, sendBatch } from "./batch.ts";

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

const reserveBatch = decision("reserve_campaign_batch", {
  reserved: ["account_sid", "sealed_token", "from_number", "media_urls", "messages"],
  scheduled: ["wait_ms"],
  outside_window: ["wait_ms"],
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
    case "outside_window":
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
  if (outcomes.some(({ trouble }) => trouble === "account")) {
    await decide(db, "pause_campaign", { p_campaign_id: campaignId, p_user_id: userId, p_reason: "account_refused" });
    await decide(db, "report_account_trouble", { p_user_id: userId });
    return { kind: "over" };
  }
  if (failedBatches > 0) {
    return { kind: "continues", waitMs: Math.min(2 ** failedBatches, LONGEST_BACKOFF_SECONDS) * 1000 };
  }
  return { kind: "continues", waitMs: outcomes.some(({ trouble }) => trouble === "throttled") ? 1_000 : 0 };
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

/** @returns how many batches in a row got no response from Twilio */
function record({ campaignId, userId }: CampaignJob, results: BatchResult[], db: Db): Promise<number> {
  return decide(db, "record_campaign_batch", {
    p_campaign_id: campaignId,
    p_user_id: userId,
    p_results: results.map((result) => ({ ...result })),
  });
}
