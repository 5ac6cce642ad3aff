import { fail, type Finding, ok } from "./finding.ts";
import type { Target } from "./target.ts";

/** What each function answers to a request without credentials, which proves that it is deployed, starts, and requires them. */
const EXPECTED = {
  "provision-subaccount": ["GET", 401, "unauthorized"],
  "list-numbers": ["GET", 401, "unauthorized"],
  "search-numbers": ["GET", 401, "unauthorized"],
  "buy-number": ["POST", 401, "unauthorized"],
  "sync-numbers": ["POST", 401, "unauthorized"],
  "set-primary-number": ["POST", 401, "unauthorized"],
  "rename-number": ["POST", 401, "unauthorized"],
  "release-number": ["POST", 401, "unauthorized"],
  "send-sms": ["POST", 401, "unauthorized"],
  "send-bulk": ["POST", 401, "unauthorized"],
  "campaigns": ["GET", 401, "unauthorized"],
  "list-messages": ["GET", 401, "unauthorized"],
  "list-conversations": ["GET", 401, "unauthorized"],
  "get-usage": ["GET", 401, "unauthorized"],
  "message-media": ["GET", 401, "unauthorized"],
  "opt-outs": ["GET", 401, "unauthorized"],
  "contacts": ["GET", 401, "unauthorized"],
  "mark-read": ["POST", 401, "unauthorized"],
  "redact-message": ["POST", 401, "unauthorized"],
  "messaging-settings": ["GET", 401, "unauthorized"],
  "forward-webhook": ["GET", 401, "unauthorized"],
  "create-checkout": ["POST", 401, "unauthorized"],
  "billing-portal": ["POST", 401, "unauthorized"],
  "cancel-subscription": ["POST", 401, "unauthorized"],
  "list-statements": ["GET", 401, "unauthorized"],
  "change-plan": ["POST", 401, "unauthorized"],
  "claim-subscription": ["POST", 401, "unauthorized"],
  "stripe-webhook": ["POST", 400, "invalid_signature"],
  "twilio-webhook": ["POST", 404, "not_found"],
  metrics: ["GET", 401, "unauthorized"],
  "run-jobs": ["POST", 401, "unauthorized"],
  admin: ["GET", 401, "unauthorized"],
} as const;

const TIMEOUT_MS = 20_000;

/** Calls every function as a stranger. */
export function checkFunctions({ apiUrl }: Target): Promise<Finding[]> {
  return Promise.all(
    Object.entries(EXPECTED).map(async ([name, [method, status, code]]) => {
      const subject = `function ${name}`;
      try {
        const response = await fetch(`${apiUrl}/functions/v1/${name}`, {
          method,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        const body = await response.json().catch(() => ({}));
        if (response.status === status && body.code === code) {
          return ok(subject, `answers a stranger with ${status} ${code}`);
        }
        return fail(
          subject,
          `answers a stranger with ${response.status} ${body.code ?? ""}, not ${status} ${code}`,
          nextStep(name, response.status),
        );
      } catch (error) {
        return fail(
          subject,
          `does not answer: ${error instanceof Error ? error.message : error}`,
          `Is ${apiUrl} right, and reachable from here?`,
        );
      }
    }),
  );
}

function nextStep(name: string, status: number): string {
  if (status === 404) return `Deploy it: \`deno task functions:deploy ${name}\``;
  if (status === 500) {
    return `Its log names every missing or malformed variable: set them with \`supabase secrets set\` (docs/deploying.md)`;
  }
  return "Deploy the functions again, with supabase/config.toml as it is (verify_jwt = false)";
}
