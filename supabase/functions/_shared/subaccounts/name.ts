import { isUuid } from "../platform/ids.ts";

const PREFIX = "switchboard:";

/**
 * The friendly name of a tenant's subaccount. Twilio finds accounts by exact name, so this name is what finds an account
 * again whose creation was never answered.
 */
export function subaccountName(userId: string): string {
  return PREFIX + userId;
}

/** The tenant a friendly name belongs to; null for accounts that are none of ours. */
export function tenantOfName(friendlyName: string): string | null {
  const userId = friendlyName.startsWith(PREFIX) ? friendlyName.slice(PREFIX.length) : "";
  return isUuid(userId) ? userId : null;
}
