import { join } from "node:path";
import { denoEnvironment } from "../../local/functions/deno-environment.ts";
import { freePort } from "../../local/ports.ts";
import type { Upload } from "./fake-management-api.ts";

export interface Deployed {
  url: string;
  /** The output so far. */
  output(): string;
  stop(): Promise<void>;
}

/**
 * Serves one unpacked function as the platform does: with its own entry point, read access to its own files, network access, the
 * given variables, and the variables Deno needs to find its cache. Without an import map it gets no packages.
 */
export async function startDeployed(
  deno: string,
  folder: string,
  metadata: Upload["metadata"],
  variables: Record<string, string>,
): Promise<Deployed> {
  const { import_map_path: importMap } = metadata;
  const port = freePort();
  const child = new Deno.Command(deno, {
    args: [
      "serve",
      "--no-prompt",
      "--no-config",
      "--no-lock",
      "--node-modules-dir=none",
      ...(importMap === "" ? ["--no-npm", "--no-remote"] : [`--import-map=${join(folder, importMap)}`]),
      "--allow-net",
      "--allow-env",
      `--allow-read=${folder}`,
      "--host=127.0.0.1",
      `--port=${port}`,
      join(folder, metadata.entrypoint_path),
    ],
    cwd: folder,
    clearEnv: true,
    env: { ...denoEnvironment(), ...variables },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let printed = "";
  const reading = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) printed += text;
  }));
  const url = `http://127.0.0.1:${port}`;
  await answering(url, child, () => printed);
  return {
    url,
    output: () => printed,
    async stop() {
      child.kill("SIGKILL");
      await child.status;
      await reading;
    },
  };
}

async function answering(url: string, child: Deno.ChildProcess, printed: () => string): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  for (let attempt = 0; attempt < 600 && !ended; attempt++) {
    try {
      await (await fetch(url, { method: "OPTIONS" })).body?.cancel();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`Cannot start the deployed function:\n${printed()}`);
}
