import { type Db, decide } from "../platform/database.ts";
import type { Log } from "../platform/log.ts";
import type { SealedCredentials } from "../subaccounts/credentials.ts";
import type { Twilio } from "../twilio/client.ts";
import { sendWave, type Wave, type WaveResult } from "./wave.ts";

export interface RunDependencies {
  db: Db;
  log: Log;
  publicBaseUrl: string;
  /** Twilio as the tenant, by what the wave's decision brought. */
  asTenant: (credentials: SealedCredentials) => Promise<Twilio>;
  /** How long one turn lasts; then others have theirs. */
  turnMs?: number;
}

export interface CampaignJob {
  campaignId: string;
  userId: string;
  run: number;
}

/** Between two claims of the queue, so that a number's pace is kept while the campaign waits for its next turn. */
const TURN_MS = 5_000;
const WAVE = 25;
/** Waits no longer than this within a turn. */
const LONGEST_WAIT_MS = 2_000;
const LONGEST_SETBACK_SECONDS = 300;

/**
 * Sends the next messages of a campaign, wave by wave, for one turn. Each wave is reserved before Twilio hears of it, and what
 * came of it is recorded after: whoever dies in between leaves a wave that is settled by evidence, and none is sent twice.
 * @returns in how many seconds it goes on; null when it does not
 */
export async function runCampaign(job: CampaignJob, dependencies: RunDependencies): Promise<number | null> {
  const deadline = performance.now() + (dependencies.turnMs ?? TURN_MS);
  do {
    const step = await nextWave(job, dependencies);
    if (step.kind === "over") return null;
    if (step.waitMs > LONGEST_WAIT_MS) return Math.ceil(step.waitMs / 1000);
    if (step.waitMs > 0) await new Promise((resolve) => setTimeout(resolve, step.waitMs));
  } while (performance.now() < deadline);
  return 0;
}

type Step = { kind: "over" } | { kind: "goes_on"; waitMs: number };

async function nextWave(job: CampaignJob, dependencies: RunDependencies): Promise<Step> {
  const { campaignId, userId, run } = job;
  const reserved = await decide(dependencies.db, "reserve_campaign_wave", {
    p_campaign_id: campaignId,
    p_user_id: userId,
    p_run: run,
    p_limit: WAVE,
  });
  switch (reserved.outcome) {
    case "over":
    case "completed":
    case "paused":
      return { kind: "over" };
    case "waiting":
    case "limit_reached":
    case "paced":
      return { kind: "goes_on", waitMs: reserved.wait_ms };
    case "reserved":
      return await send(job, {
        accountSid: reserved.account_sid,
        sealedToken: reserved.sealed_token,
        from: reserved.from_number,
        mediaUrls: reserved.media_urls,
        messages: reserved.messages as unknown as Wave["messages"],
      }, dependencies);
    default:
      throw new Error(`reserve_campaign_wave answered "${reserved.outcome}", which nobody here knows`);
  }
}

async function send(job: CampaignJob, wave: Wave, dependencies: RunDependencies): Promise<Step> {
  if (wave.messages.length === 0) return { kind: "goes_on", waitMs: 0 };
  const { db, log, publicBaseUrl } = dependencies;
  const { campaignId, userId } = job;
  const twilio = await becomeTenant(job, wave, dependencies);
  const outcomes = await sendWave(wave, { twilio, userId, publicBaseUrl });
  const setbacks = await record(job, outcomes.map(({ result }) => result), db);
  log.info("campaign.wave", { campaignId, userId, messages: outcomes.length, setbacks });
  if (outcomes.some(({ trouble }) => trouble === "account")) {
    await decide(db, "pause_campaign", { p_campaign_id: campaignId, p_user_id: userId, p_reason: "account_refused" });
    await decide(db, "report_account_trouble", { p_user_id: userId });
    return { kind: "over" };
  }
  if (setbacks > 0) return { kind: "goes_on", waitMs: Math.min(2 ** setbacks, LONGEST_SETBACK_SECONDS) * 1000 };
  return { kind: "goes_on", waitMs: outcomes.some(({ trouble }) => trouble === "throttled") ? 1_000 : 0 };
}

/** @throws where the tenant's token does not open: nothing was sent, so all of the wave waits again */
async function becomeTenant(job: CampaignJob, wave: Wave, { db, asTenant }: RunDependencies): Promise<Twilio> {
  try {
    const { accountSid, sealedToken } = wave;
    return await asTenant({ userId: job.userId, accountSid, sealedToken });
  } catch (error) {
    await record(job, wave.messages.map(({ id }) => ({ message_id: id, status: "released" })), db);
    throw error;
  }
}

/** @returns how many waves in a row Twilio gave no answer to */
function record({ campaignId, userId }: CampaignJob, results: WaveResult[], db: Db): Promise<number> {
  return decide(db, "record_campaign_wave", {
    p_campaign_id: campaignId,
    p_user_id: userId,
    p_results: results.map((result) => ({ ...result })),
  });
}
