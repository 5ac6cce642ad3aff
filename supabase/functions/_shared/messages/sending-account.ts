import type { TwilioAccounts } from "../accounts/twilio-accounts.ts";
import type { Enum } from "../platform/database.ts";
import type { Twilio } from "../twilio/client.ts";

/** The account that sent a tenant's message; null when it is the tenant's own and not active. */
export async function sendingAccount(
  accounts: Pick<TwilioAccounts, "master" | "active">,
  userId: string,
  source: Enum<"message_source">,
): Promise<Twilio | null> {
  if (source === "master") return await accounts.master();
  const account = await accounts.active(userId);
  return account.status === "active" ? account.twilio : null;
}
