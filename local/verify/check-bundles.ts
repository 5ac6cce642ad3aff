import { type Bundle, bundleFunctions, MOST_BYTES } from "../bundle/bundle.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

let bundled: Promise<Bundle[]> | undefined;

/** The size of each function as `deno task functions:deploy` would deploy it from this checkout. */
export async function checkBundles(): Promise<Finding[]> {
  try {
    const bundles = await (bundled ??= bundleAndForget());
    return bundles.map(({ name, bytes }) => sizeOf(`bundle ${name}`, bytes));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [fail("bundles", reason, "Run `deno check supabase` and `deno install`, then verify again")];
  }
}

function sizeOf(subject: string, bytes: number): Finding {
  const size = `${bytes.toLocaleString("en")} bytes`;
  return bytes <= MOST_BYTES ? ok(subject, size) : warn(
    subject,
    `${size}, more than ${MOST_BYTES.toLocaleString("en")}`,
    "Find out which package it contains that it does not need (docs/operations.md)",
  );
}

async function bundleAndForget(): Promise<Bundle[]> {
  const folder = await Deno.makeTempDir({ prefix: "switchboard-bundles-" });
  try {
    return await bundleFunctions(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
