import { isUuid } from "../platform/ids.ts";

const PREFIX = "switchboard:";

/**
 * The friendly name of a tenant's subaccount. Twilio finds accounts by exact name, so an account whose creation got no
 * response is found by it.
 */
export function subaccountName(userId: string): string {
  return PREFIX + userId;
}

/** The tenant in a friendly name; null for an account that is not ours. */
export function tenantOfName(friendlyName: string): string | null {
  const userId = friendlyName.startsWith(PREFIX) ? friendlyName.slice(PREFIX.length) : "";
  return isUuid(userId) ? userId : null;
}
