import { type Db, decide, rows } from "../platform/database.ts";
import { describeError, type Log } from "../platform/log.ts";
import type { Twilio } from "../twilio/client.ts";
import { isOurInboundUrl, masterInboundUrl } from "../twilio/webhook-urls.ts";
import { capabilitiesOf } from "./shape.ts";
import { driftOf, type SmsWebhook, webhookOf } from "./webhook.ts";

export interface MasterNumbersDependencies {
  db: Db;
  master: Twilio;
  publicBaseUrl: string;
  log: Log;
}

/** Webhooks set by one refresh. Each takes a call to Twilio; the next refresh continues. */
const WEBHOOKS_AT_ONCE = 20;

/**
 * Copies the master account's SMS-capable numbers into the database, so that no request reads them at Twilio, and sets the
 * webhook of those on offer. @returns how many
 */
export async function refreshMasterNumbers(dependencies: MasterNumbersDependencies): Promise<number> {
  const { db, master } = dependencies;
  const owned = await master.account.incomingPhoneNumbers.list({ pageSize: 1000 });
  const capable = owned.filter(({ capabilities }) => capabilitiesOf(capabilities).sms);
  const numbers = capable.map(({ sid, phoneNumber, friendlyName, capabilities }) => ({
    phoneSid: sid,
    phoneNumber,
    friendlyName,
    capabilities: { ...capabilitiesOf(capabilities) },
  }));
  const kept = await decide(db, "replace_master_numbers", { p_numbers: numbers });
  await setWebhooks(capable.map((number) => ({ sid: number.sid, is: webhookOf(number) })), dependencies);
  return kept;
}

/**
 * Without the webhook no STOP or START to a shared number would be recorded. A webhook that is not ours is left alone: the
 * operator uses the number for something else, too.
 */
async function setWebhooks(
  numbers: readonly { sid: string; is: SmsWebhook }[],
  { db, master, publicBaseUrl, log }: MasterNumbersDependencies,
): Promise<void> {
  const offered = new Set((await rows(db, "offered_master_numbers", {})).map(({ phone_sid }) => phone_sid));
  const wanted: SmsWebhook = { smsUrl: masterInboundUrl(publicBaseUrl), smsMethod: "POST", smsApplicationSid: "" };
  let left = WEBHOOKS_AT_ONCE;
  for (const { sid, is } of numbers) {
    if (!offered.has(sid) || driftOf(is, wanted).length === 0) continue;
    const isOurs = is.smsUrl === "" || isOurInboundUrl(publicBaseUrl, is.smsUrl);
    if (!isOurs || is.smsApplicationSid !== "") {
      log.info("numbers.foreign_master_webhook", { phoneSid: sid });
    } else if (left-- > 0) {
      try {
        await master.account.incomingPhoneNumbers.get(sid).update({
          smsUrl: wanted.smsUrl,
          smsMethod: wanted.smsMethod,
        });
      } catch (error) {
        log.warn("numbers.master_webhook_not_set", { phoneSid: sid, ...describeError(error) });
      }
    }
  }
}
