import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";
import { HANDLED_TYPES } from "../supabase/functions/_shared/billing/event-subject.ts";
import { THIN_TYPES } from "../supabase/functions/_shared/billing/thin-event.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SHARED = "supabase/functions/_shared";

/**
 * The domains that each domain may import. `platform` imports none. The others import `platform`, the services (`sealing`,
 * `twilio`, `stripe`, `accounts`) that they need, and other domains in one direction.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  platform: [],
  alerts: ["platform"],
  health: ["platform"],
  sealing: ["platform"],
  twilio: ["platform"],
  stripe: ["platform"],
  accounts: ["platform", "sealing", "twilio"],
  subaccounts: ["platform", "sealing", "twilio", "accounts", "numbers"],
  tokens: ["platform", "sealing", "twilio", "accounts"],
  spending: ["platform"],
  numbers: ["platform", "twilio", "accounts", "spending"],
  contacts: ["platform", "numbers"],
  messages: ["platform", "twilio", "accounts", "numbers", "spending", "contacts"],
  usage: ["platform", "twilio", "accounts"],
  campaigns: ["platform", "twilio", "accounts", "numbers", "messages", "spending"],
  media: ["platform", "sealing", "twilio", "accounts", "messages"],
  forwarding: ["platform", "sealing", "messages", "media"],
  billing: ["platform", "stripe"],
  jobs: ["platform", "twilio"],
};

/** The same inside the console: the shell shows screens, screens consist of features, and all of them use the platform. */
const CONSOLE_ALLOWED: Readonly<Record<string, readonly string[]>> = {
  phone: [],
  platform: [],
  "send-message": ["phone", "platform"],
  session: ["platform"],
  account: ["platform", "session", "send-message"],
  subaccount: ["platform", "session"],
  billing: ["platform", "session", "subaccount"],
  numbers: ["phone", "platform", "session", "send-message", "billing", "subaccount"],
  contacts: ["phone", "platform", "session", "numbers", "send-message"],
  inbox: ["phone", "platform", "session", "subaccount", "numbers", "send-message", "contacts"],
  overview: ["phone", "platform", "send-message", "session", "subaccount", "billing", "numbers", "inbox"],
  spotlight: ["phone", "platform", "session", "contacts", "inbox", "send-message"],
  charts: ["platform"],
  campaigns: ["phone", "platform", "session", "numbers", "send-message", "contacts", "billing", "subaccount"],
  // The meter of numbers counts them as the screen of numbers does.
  usage: ["platform", "session", "subaccount", "billing", "charts", "numbers"],
  settings: ["phone", "platform", "session", "billing", "numbers", "send-message", "contacts"],
  operator: ["phone", "platform", "session", "charts"],
  shell: [
    "platform",
    "session",
    "account",
    "billing",
    "numbers",
    "contacts",
    "send-message",
    "inbox",
    "overview",
    "spotlight",
    "campaigns",
    "usage",
    "settings",
    "operator",
  ],
};

interface SourceFile {
  path: string;
  imports: string[];
  /** The imports that run when the file is loaded: no types, and nothing that is imported on first use. */
  atStart: string[];
}

async function* walkAll(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* walkAll(path);
    else yield path;
  }
}

async function* walk(folder: string): AsyncGenerator<string> {
  for await (const path of walkAll(folder)) {
    if (/\.tsx?$/.test(path)) yield path;
  }
}

/** Every relative import as a path from the root. Bare specifiers are unchanged. */
async function readSources(folder: string): Promise<SourceFile[]> {
  const files = await Array.fromAsync(walk(folder));
  return await Promise.all(files.map(async (path) => {
    const source = await Deno.readTextFile(join(ROOT, path));
    const targetsOf = (pattern: RegExp) =>
      [...source.matchAll(pattern)].map(([, specifier]) =>
        specifier!.startsWith(".") ? relative(ROOT, join(ROOT, dirname(path), specifier!)) : specifier!
      );
    return {
      path,
      imports: targetsOf(/(?:\bfrom|(?<!\/)\bimport)\s*\(?\s*"([^"]+)"/g),
      atStart: targetsOf(/^(?:import|export)\s+(?!type\b)(?:[^;"]*\sfrom\s+)?"([^"]+)"/gm),
    };
  }));
}

const isTest = ({ path }: SourceFile) => path.endsWith(".test.ts");
const domainOf = (path: string) =>
  path.startsWith(`${SHARED}/`) ? path.slice(SHARED.length + 1).split("/")[0] : undefined;

Deno.test("deployed code imports nothing from local, console, client, bench or tests", async () => {
  const strays = (await readSources("supabase")).flatMap(({ path, imports }) =>
    imports.filter((target) => /^(local|console|client|bench|tests)\//.test(target) || target.startsWith("..")).map((
      target,
    ) => `${path} → ${target}`)
  );
  assert.deepEqual(strays, []);
});

Deno.test("code that runs from a clone imports nothing from the tests", async () => {
  const folders = ["local", "console", "client", "bench"];
  const files = (await Promise.all(folders.map(readSources))).flat().filter(({ path }) => !/\.test\.tsx?$/.test(path));
  const strays = files.flatMap(({ path, imports }) =>
    imports.filter((target) => target.startsWith("tests/")).map((target) => `${path} → ${target}`)
  );
  assert.deepEqual(strays, []);
});

Deno.test("a function imports the shared module and its own files, never another function", async () => {
  const strays = (await readSources("supabase/functions")).filter(({ path }) => domainOf(path) === undefined).flatMap(
    ({ path, imports }) => {
      const own = dirname(path);
      return imports.filter((target) =>
        target.startsWith("supabase/") && !target.startsWith(`${own}/`) && !target.startsWith(`${SHARED}/`)
      )
        .map((target) => `${path} → ${target}`);
    },
  );
  assert.deepEqual(strays, []);
});

Deno.test("a domain imports only the domains below it", async () => {
  const strays = (await readSources(SHARED)).filter((file) => !isTest(file)).flatMap(({ path, imports }) => {
    const domain = domainOf(path)!;
    if (path === `${SHARED}/database.types.ts`) return [];
    assert.ok(domain in ALLOWED, `"${domain}" is not listed in ALLOWED`);
    return imports.map(domainOf).filter((target) =>
      target !== undefined && target !== "database.types.ts" && target !== domain && !ALLOWED[domain]!.includes(target)
    )
      .map((target) => `${path} → ${target}`);
  });
  assert.deepEqual(strays, []);
});

Deno.test("a folder of the console imports only the folders below it", async () => {
  const folderOf = (path: string) => /^console\/src\/([^/]+)\//.exec(path)?.[1];
  const strays = (await readSources("console/src")).flatMap(({ path, imports }) => {
    const folder = folderOf(path);
    if (folder === undefined) return []; // the console's entry point is above all folders
    assert.ok(folder in CONSOLE_ALLOWED, `"${folder}" is not listed in CONSOLE_ALLOWED`);
    return imports.filter((target) => target.startsWith("console/src/") && folderOf(target) !== folder)
      .filter((target) => !CONSOLE_ALLOWED[folder]!.includes(folderOf(target) ?? ""))
      .map((target) => `${path} → ${target}`);
  });
  assert.deepEqual(strays, []);
});

Deno.test("the console's composer reaches nothing of its shell, router, session or screens", async () => {
  const imports = new Map((await readSources("console/src")).map(({ path, imports }) => [path, imports]));
  const reached = new Set<string>();
  const visit = (path: string): void => {
    if (reached.has(path)) return;
    reached.add(path);
    for (const target of imports.get(path) ?? []) visit(target);
  };
  for (const path of imports.keys()) if (path.startsWith("console/src/send-message/")) visit(path);
  const hosts = [...reached].filter((path) =>
    path === "wouter" || path === "console/src/platform/backend.tsx" ||
    (path.startsWith("console/src/") && !/^console\/src\/(send-message|phone|platform)\//.test(path))
  );
  assert.deepEqual(hosts, []);
});

Deno.test("modules do not import each other in a cycle", async () => {
  const folders = ["supabase/functions", "console", "client", "local", "tests", "bench"];
  const files = (await Promise.all(folders.map(readSources))).flat();
  const known = new Set(files.map(({ path }) => path));
  const graph = new Map(files.map(({ path, imports }) => [path, imports.filter((target) => known.has(target))]));
  const state = new Map<string, "open" | "done">();
  const visit = (path: string, trail: string[]): void => {
    if (state.get(path) === "done") return;
    assert.notEqual(state.get(path), "open", `circle: ${[...trail.slice(trail.indexOf(path)), path].join(" → ")}`);
    state.set(path, "open");
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of graph.keys()) visit(path, []);
});

Deno.test("functions import the Twilio SDK only through its small entry points, never as a whole", async () => {
  const whole = (await readSources("supabase/functions")).filter((file) => !isTest(file)).filter(({ imports }) =>
    imports.includes("twilio")
  );
  assert.deepEqual(whole.map(({ path }) => path), []);
});

/** The packages that a request does not need before it is accepted. */
const ON_FIRST_USE = /^(twilio\/|stripe$|libphonenumber-js|sms-segments-calculator$)/;

Deno.test("a function loads Twilio's, Stripe's and the number libraries on first use, not at its start", async () => {
  const loads = new Map((await readSources("supabase/functions")).map(({ path, atStart }) => [path, atStart]));
  const reached = (path: string, seen = new Set<string>()): string[] => {
    if (seen.has(path)) return [];
    seen.add(path);
    return (loads.get(path) ?? []).flatMap((target) =>
      ON_FIRST_USE.test(target) ? [`${path} → ${target}`] : reached(target, seen)
    );
  };
  const entries = [...loads.keys()].filter((path) => path.endsWith("/index.ts"));
  assert.deepEqual(entries.flatMap((path) => reached(path)), []);
});

Deno.test("zod is imported as a namespace, because a bundle of its named import contains every locale", async () => {
  const named: string[] = [];
  for (const folder of ["supabase/functions", "local", "tests"]) {
    for await (const path of walk(folder)) {
      if (/^import (type )?\{[^}]*\} from "zod"/m.test(await Deno.readTextFile(join(ROOT, path)))) named.push(path);
    }
  }
  assert.deepEqual(named, []);
});

Deno.test("only platform/env.ts reads the environment", async () => {
  const readers: string[] = [];
  for await (const path of walk("supabase/functions")) {
    if (path.endsWith(".test.ts")) continue;
    if (/Deno\.env|process\.env/.test(await Deno.readTextFile(join(ROOT, path)))) readers.push(path);
  }
  assert.deepEqual(readers, [`${SHARED}/platform/env.ts`]);
});

Deno.test("every function has a block in config.toml, and every block has a function", async () => {
  const config = parse(await Deno.readTextFile(join(ROOT, "supabase/config.toml"))) as {
    functions: Record<string, { verify_jwt: boolean; import_map: string }>;
  };
  const folders: string[] = [];
  for await (const entry of Deno.readDir(join(ROOT, "supabase/functions"))) {
    if (entry.isDirectory && !entry.name.startsWith("_")) folders.push(entry.name);
  }
  assert.deepEqual(Object.keys(config.functions).sort(), folders.sort());
  for (const [name, block] of Object.entries(config.functions)) {
    assert.deepEqual({ name, ...block }, { name, verify_jwt: false, import_map: "../import_map.json" });
  }
});

Deno.test("every function's index.ts only wires", async () => {
  for await (const path of walk("supabase/functions")) {
    if (!path.endsWith("/index.ts")) continue;
    const lines = (await Deno.readTextFile(join(ROOT, path))).trim().split("\n");
    assert.ok(lines.length <= 10, `${path} has ${lines.length} lines`);
  }
});

Deno.test("the client is one file, and imports only types of supabase-js", async () => {
  const files = (await readSources("client")).filter((file) => !isTest(file));
  assert.deepEqual(files.map(({ path, imports }) => ({ path, imports })), [{
    path: "client/switchboard.ts",
    imports: ["@supabase/supabase-js"],
  }]);
  const source = await Deno.readTextFile(join(ROOT, "client/switchboard.ts"));
  const statements = [...source.matchAll(/^import\b[^;]*;/gm)].map(([statement]) => statement);
  assert.deepEqual(statements.filter((statement) => !statement.startsWith("import type ")), []);
});

Deno.test("the console calls functions through the client, never by their URL", async () => {
  const strays: string[] = [];
  for await (const path of walk("console/src")) {
    if (/functions\/v1\/|functions\.invoke/.test(await Deno.readTextFile(join(ROOT, path)))) strays.push(path);
  }
  assert.deepEqual(strays, []);
});

Deno.test("every function has a contract.ts", async () => {
  const files = await Array.fromAsync(walk("supabase/functions"));
  const without = files.filter((path) => path.endsWith("/index.ts")).map(dirname).filter((folder) =>
    !files.includes(`${folder}/contract.ts`)
  );
  assert.deepEqual(without, []);
});

Deno.test("no line of a migration has more than 120 columns, and no outcome is text", async () => {
  const strays: string[] = [];
  for await (const { name } of Deno.readDir(join(ROOT, "supabase/migrations"))) {
    const lines = (await Deno.readTextFile(join(ROOT, "supabase/migrations", name))).split("\n");
    lines.forEach((line, index) => {
      if ([...line].length > 120 || /\b(outcome|verdict) text\b/.test(line)) strays.push(`${name}:${index + 1}`);
    });
  }
  assert.deepEqual(strays, []);
});

Deno.test("no switch hides a forgotten case behind a default that throws", async () => {
  const strays: string[] = [];
  for (const folder of ["supabase/functions", "console/src", "client"]) {
    for await (const path of walk(folder)) {
      if (/default:\s*\{?\s*throw/.test(await Deno.readTextFile(join(ROOT, path)))) strays.push(path);
    }
  }
  assert.deepEqual(strays, []);
});

Deno.test("what code, comments and documents call private.x or public.x exists", async () => {
  const texts = new Map<string, string>();
  for (const folder of ["supabase", "docs", "bench", "local", "console/src", "client"]) {
    for await (const path of walkAll(folder)) {
      if (/\.(sql|tsx?|md)$/.test(path) && !path.endsWith("database.types.ts")) {
        texts.set(path, await Deno.readTextFile(join(ROOT, path)));
      }
    }
  }
  for (const path of ["README.md", "CONTRIBUTING.md"]) texts.set(path, await Deno.readTextFile(join(ROOT, path)));
  const made = [...texts.values()].flatMap((text) =>
    [...text.matchAll(/\bcreate (?:[a-z]+ ){1,3}((?:private|public)\.\w+)/g)].map(([, name]) => name!)
  );
  const known = new Set(made);
  const strays = [...texts].filter(([path]) => !/\.test\.(ts|tsx|sql)$/.test(path)).flatMap(([path, text]) =>
    [...text.matchAll(/\b((?:private|public)\.[a-z]\w+)\b/g)].map(([, name]) => name!)
      .filter((name) => !known.has(name) && !name.endsWith("_seq")).map((name) => `${path}: ${name}`)
  );
  assert.deepEqual(strays, []);
});

Deno.test("the Stripe step of docs/deploying.md names every type of event that is handled, and no other", async () => {
  const document = await Deno.readTextFile(join(ROOT, "docs/deploying.md"));
  const step = /\n5\. \*\*Stripe\*\*:[^]*?\n6\. /.exec(document)![0];
  let family = "";
  const named = [...step.matchAll(/`(v1\.[a-z_.]+|(?:[a-z_]+\.)+[a-z_]+|\.[a-z_]+)`/g)].flatMap(([, name]) => {
    if (name!.startsWith(".")) return [`${family}${name}`];
    family = name!.replace(/\.[a-z_]+$/, "");
    return [name!];
  }).filter((name) => !/\.(user_id|metadata)$/.test(name));
  assert.deepEqual(named.sort(), [...HANDLED_TYPES, ...THIN_TYPES].sort());
});

Deno.test("the documents list every function, every kind of job and every kind of alert", async () => {
  const read = (path: string) => Deno.readTextFile(join(ROOT, path));
  const operations = await read("docs/operations.md");
  const api = await read("docs/api.md");
  const work = await read("supabase/functions/run-jobs/work.ts");
  const alerts = await read("supabase/migrations/20261126000250_operator_alerts.sql");
  const jobs = [...work.matchAll(/literal\("([a-z-]+)"\)/g)].map(([, kind]) => kind!);
  const enumOfAlerts = /create type public\.alert_kind as enum \(([^)]*)\)/.exec(alerts)![1]!;
  const kinds = [...enumOfAlerts.matchAll(/'(\w+)'/g)].map(([, kind]) => kind!);
  const functions = (await Array.fromAsync(walk("supabase/functions"))).filter((path) => path.endsWith("/contract.ts"))
    .map((path) => path.split("/")[2]!).filter((name) => name !== "_shared");
  assert.ok(jobs.length > 30 && kinds.length > 7 && functions.length > 20);
  assert.deepEqual([...jobs, ...kinds].filter((name) => !operations.includes(`\n| \`${name}\``)), []);
  assert.deepEqual(functions.filter((name) => !api.includes(`\n| \`${name}\` |`)), []);
});

/** The largest picture. Everybody who clones the repository loads all of them. */
const MOST_PICTURE_BYTES = 120 * 1024;

Deno.test("every picture of the documents exists, is described, is used and is small, and every link leads to a file", async () => {
  const documents = ["README.md", "CONTRIBUTING.md", "console/README.md", "tests/README.md"];
  for await (const path of walkAll("docs")) if (path.endsWith(".md")) documents.push(path);
  const shown = new Set<string>();
  const strays: string[] = [];
  for (const path of documents) {
    // Code may have brackets and parentheses of its own.
    const text = (await Deno.readTextFile(join(ROOT, path))).replace(/```[^]*?```|`[^`\n]*`/g, "");
    for (const [, mark, label, target] of text.matchAll(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g)) {
      if (/^(https?:|#)/.test(target!)) continue;
      const file = relative(ROOT, join(ROOT, dirname(path), target!.replace(/#.*$/, "")));
      const { size } = await Deno.stat(join(ROOT, file)).catch(() => ({ size: null }));
      if (size === null) strays.push(`${path} → ${file}`);
      if (mark === "!") {
        shown.add(file);
        if (label!.length < 10) strays.push(`${path} does not describe ${file}`);
        if (size !== null && size > MOST_PICTURE_BYTES) strays.push(`${file} has ${size} bytes`);
      }
    }
  }
  for await (const path of walkAll("docs/pictures")) if (!shown.has(path)) strays.push(`no document shows ${path}`);
  assert.ok(shown.size > 5 && shown.size <= 12);
  assert.deepEqual(strays, []);
});
