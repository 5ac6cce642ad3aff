import { fail, type Finding, ok, warn } from "./finding.ts";
import type { Target } from "./target.ts";

/** The form of what we were given; whether it is right, the other checks find out by using it. */
export function checkEnvironment(target: Target): Finding[] {
  const { apiUrl, publishableKey, secretKey, twilio } = target;
  return [
    target.kind === "hosted" && !/^https:|^http:\/\/127\.0\.0\.1(:|$)/.test(apiUrl)
      ? fail("SUPABASE_URL", `"${apiUrl}" is not https`, "Use https://<project ref>.supabase.co")
      : ok("SUPABASE_URL", apiUrl),
    publishableKey.startsWith("sb_publishable_") ? ok("publishable key", "has the current form") : warn(
      "publishable key",
      "is not of the form sb_publishable_…",
      "Legacy keys end with 2026: make new ones under Settings → API keys",
    ),
    secretKey.startsWith("sb_secret_") ? ok("secret key", "has the current form") : fail(
      "secret key",
      "is not of the form sb_secret_…",
      "Make one under Settings → API keys: functions accept only the current form",
    ),
    /^AC[0-9a-f]{32}$/.test(twilio.accountSid) ? ok("TWILIO_ACCOUNT_SID", twilio.accountSid) : fail(
      "TWILIO_ACCOUNT_SID",
      `"${twilio.accountSid.slice(0, 2)}…" is not an account SID`,
      "Use the master account's SID (AC…): an API key (SK…) cannot manage subaccounts",
    ),
  ];
}
