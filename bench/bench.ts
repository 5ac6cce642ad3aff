/** `deno task bench`: measures the product beside simpler programs, prints one table, and exits with 1 for a missed goal. */
import { campaignRows } from "./campaign.ts";
import { consoleRows } from "./console.ts";
import { importRows } from "./imports.ts";
import { readOptions } from "./options.ts";
import { postgresRows } from "./postgres.ts";
import { sendRows } from "./sends.ts";
import { type Stage, withStage } from "./stage.ts";
import { stripeRows } from "./stripe.ts";
import { collect, exitCode, formatTable, type Row } from "./table.ts";

const options = readOptions(Deno.args, {
  name: "deno task bench",
  about: `Prints one table: measure, ratio, goal, met. Exits with 1 when a goal is missed. Compare the ratios: absolute
figures depend on the machine. The defaults take a few minutes.`,
  options: {
    only: { default: "console,imports,sends,postgres,stripe,campaign", says: "the groups to measure" },
    rounds: { default: 5, says: "how often each measurement is repeated" },
    imports: { default: 5, says: "how often each import is repeated" },
    sequential: { default: 30, says: "requests per round, one at a time" },
    parallel: { default: 320, says: "messages per round, many in flight" },
    "in-flight": { default: 16, says: "requests in flight" },
    senders: { default: 4, says: "tenants that send" },
    messages: { default: 120, says: "messages per round for the cost of Postgres" },
    events: { default: 15, says: "Stripe events per round" },
    recipients: { default: 300, says: "recipients of the campaign" },
    rate: { default: 25, says: "the campaign's permitted rate, in messages per second" },
    deno: { default: "2.1.4", says: "the Deno that runs the functions, or own" },
  },
});

/** The groups of rows that need a stack, in the order of the table. */
const GROUPS: Record<string, (stage: Stage) => Promise<Row[]>> = {
  sends: (stage) => sendRows(stage, { ...options, inFlight: options["in-flight"] }),
  postgres: (stage) => postgresRows(stage, options),
  stripe: (stage) => stripeRows(stage, options),
  campaign: (stage) => campaignRows(stage, { recipients: options.recipients, perSecond: options.rate }),
};

const rows = await measure();
console.log(formatTable(rows));
Deno.exit(exitCode(rows));

async function measure(): Promise<Row[]> {
  const wanted = options.only.split(",").map((name) => name.trim());
  const alone = { console: consoleRows, imports: () => importRows(options.imports) };
  const known = [...Object.keys(alone), ...Object.keys(GROUPS)];
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`Cannot measure "${unknown}": the groups are ${known}`);
  const rows = await collect(chosen(alone, wanted));
  const groups = chosen(GROUPS, wanted);
  if (Object.keys(groups).length === 0) return rows;
  await withStage(options, async (stage) => {
    const measures = Object.entries(groups).map(([name, measureGroup]) => [name, () => measureGroup(stage)]);
    rows.push(...await collect(Object.fromEntries(measures)));
  });
  return rows;
}

/** The groups whose name is wanted. */
function chosen<T>(groups: Record<string, T>, wanted: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(groups).filter(([name]) => wanted.includes(name)));
}
