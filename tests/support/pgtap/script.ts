import { basename, dirname, join } from "node:path";

/** The text of a test file as it is sent to the server, and the origin of each line. */
export interface Script {
  text: string;
  origins: Origin[];
}

/** A line of a file, counted from 1. */
export interface Origin {
  file: string;
  line: number;
}

/** A line `\ir file`: psql includes the named file there, relative to the file with the line. */
const INCLUDE = /^\\ir\s+(\S+)\s*$/;

/** Reads a test file and the files it includes. `\ir` is the only psql command it supports. */
export async function readScript(path: string): Promise<Script> {
  const lines: string[] = [];
  const origins: Origin[] = [];
  const own = (await Deno.readTextFile(path)).split("\n");
  for (const [index, line] of own.entries()) {
    const origin = { file: basename(path), line: index + 1 };
    const included = INCLUDE.exec(line)?.[1];
    if (included === undefined) {
      lines.push(line);
      origins.push(origin);
      continue;
    }
    const script = await readIncluded(join(dirname(path), included), included, origin);
    lines.push(...script.text.split("\n"));
    origins.push(...script.origins);
  }
  return { text: lines.join("\n"), origins };
}

/** An include that cannot be resolved. */
export class IncludeError extends Error {
  override name = "IncludeError";
}

async function readIncluded(path: string, name: string, { file, line }: Origin): Promise<Script> {
  try {
    return await readScript(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new IncludeError(`Cannot include "${name}" in ${file}, line ${line}: the file does not exist`);
  }
}
