/** One group of tests: a command to run, and what to run it against. */
export interface Suite {
  name: string;
  /** Arguments for deno. */
  args: string[];
  /** Start a stack first, with the functions on this version of Deno (`own`: the one that runs everything). */
  stack?: "own" | "2.1.4";
  needsChromium?: boolean;
}

/** Without checking types once more: one suite does that for all. Not `--quiet`, which keeps the figures to itself. */
const test = (...paths: string[]) => ["test", "-A", "--no-check", ...paths];
const HTTP = "tests/functions";
/** The long ways: through every fault, every death, every rotation. */
const LONG_WAYS = [
  ...["provision-subaccount", "buy-number", "send-sms"].map((name) => `${HTTP}/${name}.faults.test.ts`),
  ...["send-sms.kills", "rotation", "sealing-keys"].map((name) => `${HTTP}/${name}.test.ts`),
];
const ELSEWHERE = `--ignore=${LONG_WAYS.join(",")}`;

/** Everything `deno task test` runs, the quick and telling ones first. */
export const SUITES: readonly Suite[] = [
  { name: "lock file, as committed", args: ["install", "--frozen", "--quiet"] },
  { name: "dependencies, for known vulnerabilities", args: ["run", "-A", "tests/runner/audit.ts"] },
  { name: "format", args: ["fmt", "--check", "--quiet"] },
  { name: "lint", args: ["lint", "--quiet"] },
  { name: "types of everything", args: ["check", "--quiet", "supabase", "local", "console", "tests", "client"] },
  { name: "import rules", args: test("tests/layers.test.ts") },
  { name: "functions, the pure parts", args: test("supabase/functions") },
  { name: "contracts: openapi.json and the client's types", args: test("tests/contracts") },
  {
    name: "Twilio simulator, driven by the twilio SDK",
    args: test("local/simulators/twilio", "--ignore=local/simulators/twilio/page.test.ts"),
  },
  { name: "Stripe simulator, driven by the stripe SDK", args: test("local/simulators/stripe") },
  { name: "database, pgTAP", args: test("tests/database") },
  { name: "functions over HTTP", args: test(HTTP, ELSEWHERE), stack: "own" },
  { name: "functions over HTTP, through faults and rotations", args: test(...LONG_WAYS), stack: "own" },
  { name: "functions over HTTP, on Deno 2.1.4", args: test(HTTP, ELSEWHERE), stack: "2.1.4" },
  { name: "faults: matrix, histories and kills", args: test("tests/faults") },
  { name: "security: attacker, canary and fuzz", args: test("tests/security") },
  { name: "deploy rehearsal, on Deno 2.1.4", args: test("tests/deploy") },
  { name: "local stack", args: test("local", "--ignore=local/simulators") },
  { name: "verify", args: test("tests/verify.test.ts") },
  { name: "console, the pure parts", args: test("console/src") },
  { name: "console in a browser", args: test("console", "--ignore=console/src"), needsChromium: true },
  { name: "phones page in a browser", args: test("local/simulators/twilio/page.test.ts"), needsChromium: true },
  { name: "demo", args: ["task", "--quiet", "demo"] },
];
