import { createClient } from "@supabase/supabase-js";
import type { Database } from "../../supabase/functions/_shared/database.types.ts";
import { fail, type Finding } from "./finding.ts";
import type { Target } from "./target.ts";

const NEXT: Readonly<Record<string, string>> = {
  "dead letters": "Read them as an operator, mend the cause, then replay them (docs/operations.md)",
  "sealing keys":
    "Where older keys are needed, wait for the job rotate-sealing-keys; where keys are missing, put them back (docs/operations.md)",
  schedule: "See docs/deploying.md: store the two Vault secrets, then `supabase db push` again",
  "exchange rates": "Set each with `POST admin/set-exchange-rate` (docs/operations.md)",
  "due work": "See that run-jobs is called. If only number_sync is late, raise NUMBER_SYNCS_PER_MINUTE",
  realtime: "Run `select private.publish_changes()`, and take the other named tables out of supabase_realtime",
};

/** Tables, policies, privileges, queue and schedule, as the database itself reports them; and that a browser gets none of it. */
export async function checkDatabase(target: Target): Promise<Finding[]> {
  const { data, error } = await createClient<Database>(target.apiUrl, target.secretKey).rpc("describe_installation");
  if (error !== null) {
    return [
      fail(
        "database",
        `cannot be asked: ${error.message}`,
        target.kind === "local" ? "Restart `deno task start`" : "Run `supabase db push`, then verify again",
      ),
    ];
  }
  const findings = data.map(({ subject, verdict, finding }): Finding => ({
    subject,
    verdict,
    finding,
    ...(verdict !== "ok" && { next: nextStepOf(subject) }),
  }));
  return [...findings, await checkAnonymous(target)];
}

/** A subject is a key of NEXT, or a key and the name of a lane. */
function nextStepOf(subject: string): string {
  const key = Object.keys(NEXT).find((key) => `${subject} `.startsWith(`${key} `));
  return NEXT[key ?? ""] ?? "Run `supabase db push`, and see docs/security.md";
}

/** The same question with the key every browser has must be refused. */
async function checkAnonymous({ apiUrl, publishableKey }: Target): Promise<Finding> {
  const anonymous = createClient<Database>(apiUrl, publishableKey);
  const [decision, table] = await Promise.all([
    anonymous.rpc("describe_installation"),
    anonymous.from("sms_messages").select("id").limit(1),
  ]);
  const refused = decision.error !== null && table.error !== null;
  return refused ? { verdict: "ok", subject: "anonymous access", finding: "refused, to functions and tables" } : fail(
    "anonymous access",
    "the publishable key alone can read or call what it must not",
    "Run `supabase db push`; look for grants to anon made outside the migrations",
  );
}
