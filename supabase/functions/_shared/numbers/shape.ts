/** What a number can do. Twilio spells the keys differently for numbers on offer and numbers owned; here they are always these. */
export interface Capabilities {
  sms: boolean;
  mms: boolean;
  voice: boolean;
}

export type NumberSource = "subaccount" | "master";

/** A number as every endpoint shows it. */
export interface PhoneNumber {
  id: string;
  phoneNumber: string;
  phoneSid: string | null;
  friendlyName: string | null;
  capabilities: Capabilities;
  isPrimary: boolean;
  status: string;
  source: NumberSource;
}

/** Reads capabilities under either spelling (`SMS` on offer, `sms` owned); what is not said is absent. */
export function capabilitiesOf(raw: unknown): Capabilities {
  const said = new Map(
    Object.entries(typeof raw === "object" && raw !== null ? raw : {}).map((
      [key, value],
    ) => [key.toLowerCase(), value === true]),
  );
  return { sms: said.get("sms") ?? false, mms: said.get("mms") ?? false, voice: said.get("voice") ?? false };
}

interface NumberRow {
  id: string;
  phone_number: string;
  phone_sid: string | null;
  friendly_name: string | null;
  capabilities: unknown;
  is_primary: boolean;
  status: string;
}

/** A row of `user_twilio_numbers` as callers see it. */
export function tenantNumber(row: NumberRow): PhoneNumber {
  return {
    id: row.id,
    phoneNumber: row.phone_number,
    phoneSid: row.phone_sid,
    friendlyName: row.friendly_name,
    capabilities: capabilitiesOf(row.capabilities),
    isPrimary: row.is_primary,
    status: row.status,
    source: "subaccount",
  };
}
