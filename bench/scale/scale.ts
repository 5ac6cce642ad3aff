/**
 * `deno task bench:scale`: measures statements in a small and in a large database, prints one table, and exits with 1 for
 * a missed goal.
 */
import { progress } from "../measure.ts";
import { readOptions } from "../options.ts";
import { collect, exitCode, formatTable, type Row } from "../table.ts";
import { billingRows } from "./billing.ts";
import { startFilled } from "./database.ts";
import { growthRows, scheduledRows } from "./rows.ts";
import { whenLauncherEnds } from "../../local/launcher.ts";
import { stripeEventRows } from "./campaigns.ts";
import { usageRows } from "./usage.ts";

const options = readOptions(Deno.args, {
  name: "deno task bench:scale",
  about:
    `Fills a small and a large database, measures what grows, and prints one table: measure, ratio, goal, met. Exits
with 1 when a goal is missed. The defaults take about ten minutes and 5 GB of disk.`,
  options: {
    tenants: { default: 100_000, says: "tenants of the large database" },
    messages: { default: 2_000_000, says: "messages of the large database" },
    jobs: { default: 100_000, says: "waiting jobs in the large database" },
    runs: { default: 100, says: "how often each read, decision and claim is repeated" },
    campaigns: { default: 20, says: "campaigns that run while Stripe events arrive" },
    deno: { default: "2.1.4", says: "the Deno that runs the functions, or own" },
  },
});

const SMALL_TENANTS = 1_000;
const SMALL_JOBS = 100;

const rows = await measure();
console.log(formatTable(rows));
Deno.exit(exitCode(rows));

async function measure(): Promise<Row[]> {
  const { tenants, messages, jobs, campaigns } = options;
  const deno = options.deno === "own" ? undefined : options.deno;
  const perTenant = messages / tenants;
  const stopping: (() => Promise<void>)[] = [];
  const stopAll = async () => void await Promise.all(stopping.map((stop) => stop()));
  const interrupted = () => void stopAll().finally(() => Deno.exit(130));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) Deno.addSignalListener(signal, interrupted);
  await whenLauncherEnds(interrupted);
  try {
    const small = await startFilled(
      { tenants: SMALL_TENANTS, messages: Math.round(SMALL_TENANTS * perTenant), jobs: SMALL_JOBS },
      deno,
    );
    stopping.push(() => small.sql.end(), () => small.stack.stop());
    const large = await startFilled({ tenants, messages, jobs }, deno);
    stopping.push(() => large.sql.end(), () => large.stack.stop());
    return await collect({
      scheduled: () => scheduledRows(large),
      usage: () => usageRows(small, large),
      billing: () => billingRows(large),
      growth: () => growthRows(small, large, options.runs),
      campaigns: () => stripeEventRows(large, campaigns),
    });
  } finally {
    progress("Stopping both stacks");
    await stopAll();
  }
}
