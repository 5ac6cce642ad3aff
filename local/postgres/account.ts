import type { Log } from "../log.ts";

/** The system user that runs Postgres when the stack runs as root. Postgres cannot run as root. */
export interface Account {
  uid: number;
  gid: number;
}

const NAME = "postgres";

/**
 * Returns the user to run Postgres as. Under root this is the user `postgres`, which is created if it does not exist;
 * otherwise it is undefined, and Postgres runs as the current user.
 */
export async function postgresAccount(log: Log): Promise<Account | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const known = await lookUp();
  if (known) return known;
  log(`Postgres cannot run as root: creating the system user "${NAME}"`);
  const output = await run("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME]);
  const account = await lookUp();
  if (account) return account;
  throw new Error(`Cannot create the user "${NAME}", as which Postgres runs under root: ${output.trim()}`);
}

/** Runs a program as `account` and returns its output. @throws Error with the output if the program fails */
export async function runAs(account: Account | undefined, program: string, args: string[]): Promise<string> {
  // The account may not be able to enter the current directory. Every user can enter "/".
  const command = new Deno.Command(program, { args, cwd: "/", stdin: "null", ...account });
  const { success, code, stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`Cannot run "${program}": it exited with code ${code}: ${text.trim()}`);
  return text;
}

/** Makes `account` the owner of a folder or file. Does nothing if `account` is undefined. */
export async function changeOwner(account: Account | undefined, path: string): Promise<void> {
  if (account) await Deno.chown(path, account.uid, account.gid);
}

async function lookUp(): Promise<Account | undefined> {
  const uid = Number.parseInt(await run("id", ["-u", NAME]));
  const gid = Number.parseInt(await run("id", ["-g", NAME]));
  return Number.isNaN(uid) || Number.isNaN(gid) ? undefined : { uid, gid };
}

async function run(program: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return new TextDecoder().decode(success ? stdout : stderr);
}
