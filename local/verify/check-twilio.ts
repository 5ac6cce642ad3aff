import { createTwilio } from "../../supabase/functions/_shared/twilio/client.ts";
import { requireTwilioFailure } from "../../supabase/functions/_shared/twilio/errors.ts";
import { tenantOfName } from "../../supabase/functions/_shared/subaccounts/name.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import type { Target } from "./target.ts";

/** The master account: reachable, active, allowed to have subaccounts. */
export async function checkTwilio({ twilio: { url, accountSid, authToken } }: Target): Promise<Finding[]> {
  const twilio = createTwilio({ accountSid, authToken, apiBaseUrl: url });
  try {
    const accounts = await twilio.accounts();
    const master = await accounts(accountSid).fetch();
    const subaccounts = (await accounts.list({ pageSize: 1000 })).filter(({ sid }) => sid !== accountSid);
    const tenants = subaccounts.filter(({ friendlyName, status }) =>
      tenantOfName(friendlyName) !== null && status !== "closed"
    );
    return [
      master.status === "active" ? ok("master account", `${accountSid} is active`) : fail(
        "master account",
        `${accountSid} is ${master.status}: so are all its subaccounts`,
        "Settle this with Twilio first",
      ),
      master.type === "Trial"
        ? warn(
          "account type",
          "Trial: one subaccount at most, and verified recipients only",
          "Upgrade the account before going live",
        )
        : ok("account type", master.type),
      ok("subaccounts", `${tenants.length} open ones of tenants, ${subaccounts.length} in all`),
    ];
  } catch (error) {
    const failure = requireTwilioFailure(error);
    if (failure.kind === "account") {
      return [
        fail(
          "master account",
          `Twilio refuses the credentials (${failure.code})`,
          "Check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: the master's own Auth Token, not an API key",
        ),
      ];
    }
    return [
      fail(
        "Twilio",
        `cannot be asked: ${"message" in failure ? failure.message : failure.kind}`,
        `Is ${url} reachable from here?`,
      ),
    ];
  }
}
