/** One group of tests: a command to run, and the stack it needs. */
export interface Suite {
  name: string;
  /** Arguments for deno. */
  args: string[];
  /** Start a stack first, with the functions on this version of Deno (`own`: the version that runs the tests). */
  stack?: "own" | "2.1.4";
  needsChromium?: boolean;
  /** Environment variables of the suite, such as its size. */
  env?: Readonly<Record<string, string>>;
}

/** Does not check types again: one suite checks all types. Not `--quiet`, which hides the figures. */
const test = (...paths: string[]) => ["test", "-A", "--no-check", "--preload=tests/support/seed.ts", ...paths];
const HTTP = "tests/functions";
/** Faults, kills and rotations, one function after the other. Beside the other suites they take half the time. */
const THROUGH_FAULTS = [
  ...["provision-subaccount", "buy-number", "send-sms"].map((name) => `${HTTP}/${name}.faults.test.ts`),
  ...["send-sms.kills", "rotation", "sealing-keys"].map((name) => `${HTTP}/${name}.test.ts`),
];

/** Everything `deno task test` runs: first the suites that fail fastest, then the longest, so that no long suite starts last. */
export const SUITES: readonly Suite[] = [
  { name: "lock file, as committed", args: ["install", "--frozen", "--quiet"] },
  { name: "format", args: ["fmt", "--check", "--quiet"] },
  { name: "lint", args: ["lint", "--quiet"] },
  {
    name: "functions over HTTP, on Deno 2.1.4",
    args: test(HTTP, `--ignore=${THROUGH_FAULTS.join(",")}`),
    stack: "2.1.4",
  },
  { name: "console in a browser", args: test("tests/console"), needsChromium: true },
  { name: "faults: campaign to 2,000 through kills", args: test("tests/faults/bulk.test.ts") },
  { name: "functions through faults and rotations, on Deno 2.1.4", args: test(...THROUGH_FAULTS), stack: "2.1.4" },
  { name: "faults: matrix, histories and kills", args: test("tests/faults", "--ignore=tests/faults/bulk.test.ts") },
  { name: "security: attacker, canary and fuzz", args: test("tests/security") },
  { name: "local stack", args: test("local", "--ignore=local/simulators") },
  { name: "billing: random histories", args: test("tests/billing") },
  { name: "database, pgTAP", args: test("tests/database") },
  { name: "deploy rehearsal, on Deno 2.1.4", args: test("tests/deploy") },
  {
    name: "types of everything",
    args: ["check", "--quiet", "supabase", "local", "console", "tests", "client", "bench"],
  },
  { name: "functions, the pure parts", args: test("supabase/functions") },
  { name: "demo", args: ["task", "--quiet", "demo"] },
  {
    name: "Twilio simulator, driven by the twilio SDK",
    args: test("local/simulators/twilio", "--ignore=local/simulators/twilio/page.test.ts"),
  },
  { name: "verify", args: test("tests/verify.test.ts") },
  {
    name: "phones page and printed statements in a browser",
    args: test("local/simulators/twilio/page.test.ts", "tests/printed-statement.test.ts"),
    needsChromium: true,
  },
  { name: "Stripe simulator, driven by the stripe SDK", args: test("local/simulators/stripe") },
  { name: "contracts: openapi.json and the client's types", args: test("tests/contracts") },
  { name: "console, the pure parts", args: test("console") },
  {
    name: "import rules, the runner, shared test code and the benchmark's table",
    args: test("tests/layers.test.ts", "tests/runner", "tests/support", "bench"),
  },
  { name: "dependencies, for known vulnerabilities", args: ["run", "-A", "tests/runner/audit.ts"] },
];

/** What `deno task test:soak` runs: the same tests at larger sizes, on the other Deno version, and from copies of the code. */
export const SOAK: readonly Suite[] = [
  { name: "copies of this checkout", args: test("tests/checkouts.soak.ts") },
  { name: "functions over HTTP, on this Deno", args: test(HTTP), stack: "own" },
  {
    name: "signatures, 30 times as many",
    args: test("supabase/functions/_shared/twilio/signature.test.ts"),
    env: { SWITCHBOARD_SOAK: "30" },
  },
  { name: "fuzz, 20,000 requests", args: test("tests/security/fuzz.test.ts"), env: { FUZZ_REQUESTS: "20000" } },
  {
    name: "faults: the whole matrix and 10,000 histories",
    args: ["run", "-A", "tests/faults/run.ts", "--runs", "10000", "--killed", "200"],
  },
  {
    name: "faults: 300 histories of tenants who leave",
    args: test("tests/faults/leaving.test.ts"),
    env: { RUNS: "300" },
  },
  {
    name: "faults: campaign to 10,000 through kills",
    args: test("tests/faults/bulk.test.ts"),
    env: { BULK_RECIPIENTS: "10000" },
  },
  {
    name: "usage and reconciliation, 100 histories",
    args: test("tests/database/usage-sync.test.ts", "tests/database/reconciliation.test.ts"),
    env: { USAGE_HISTORIES: "100", RECONCILIATION_HISTORIES: "100" },
  },
  {
    name: "rating, sending and comparison, 20 times as many histories",
    args: test(...["rating", "metering", "meter-comparison"].map((name) => `tests/database/${name}.test.ts`)),
    env: { RATING_HISTORIES: "800", METERING_RUNS: "40", COMPARISON_RUNS: "40" },
  },
  {
    name: "billing: 20,000 random histories",
    args: test("tests/billing"),
    env: { BILLING_HISTORIES: "20000" },
  },
  {
    name: "console: every view in both schemes and all widths",
    args: [...test("tests/console"), "--filter", "Every view"],
    needsChromium: true,
    env: { CONSOLE_LOOKS: "all" },
  },
  {
    name: "console in a browser that computes five times slower",
    args: test("tests/console"),
    needsChromium: true,
    env: { CONSOLE_SLOWNESS: "5" },
  },
  {
    name: "console: a conversation of 10,000 messages",
    args: [...test("tests/console"), "--filter", "A conversation of thousands"],
    needsChromium: true,
    env: { THREAD_MESSAGES: "10000" },
  },
  {
    name: "deletion of a user with 150,000 messages",
    args: test("tests/database/deletion-cost.test.ts"),
    env: { DELETION_MESSAGES: "150000" },
  },
];
