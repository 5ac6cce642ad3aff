import { type Db, decide } from "../platform/database.ts";
import type { Twilio } from "../twilio/client.ts";
import { capabilitiesOf } from "./shape.ts";

/** Copies the master account's SMS-capable numbers into the database, so that no request reads them at Twilio. @returns how many */
export async function refreshMasterNumbers(db: Db, master: Twilio): Promise<number> {
  const owned = await master.account.incomingPhoneNumbers.list({ pageSize: 1000 });
  const capable = owned.filter(({ capabilities }) => capabilitiesOf(capabilities).sms);
  const numbers = capable.map(({ sid, phoneNumber, friendlyName, capabilities }) => ({
    phoneSid: sid,
    phoneNumber,
    friendlyName,
    capabilities: { ...capabilitiesOf(capabilities) },
  }));
  return await decide(db, "replace_master_numbers", { p_numbers: numbers });
}
