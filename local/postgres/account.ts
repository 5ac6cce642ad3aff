import type { Log } from "../log.ts";

/** The user that runs Postgres, which refuses to run as root. */
export interface Account {
  uid: number;
  gid: number;
}

const NAME = "postgres";

/**
 * Returns the user to run Postgres as: undefined for a normal user, who runs it as itself, and the user `postgres` for
 * root, made if there is none.
 */
export async function postgresAccount(log: Log): Promise<Account | undefined> {
  if (Deno.uid() !== 0) return undefined;
  const known = await lookUp();
  if (known) return known;
  log(`Postgres does not run as root: making the system user "${NAME}"`);
  const made = await run("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/bin/false", NAME]);
  const account = await lookUp();
  if (account) return account;
  throw new Error(`Cannot make the user "${NAME}" that Postgres needs under root: ${made.trim()}`);
}

/** Runs a program as `account` and returns what it printed; throws with that text when it fails. */
export async function runAs(account: Account | undefined, program: string, args: string[]): Promise<string> {
  // The working directory may be one that the account cannot enter: "/" is open to all.
  const command = new Deno.Command(program, { args, cwd: "/", stdin: "null", ...account });
  const { success, code, stdout, stderr } = await command.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  if (!success) throw new Error(`"${program}" ended with code ${code}: ${text.trim()}`);
  return text;
}

/** Hands a folder or file to `account`; nothing to do for a normal user. */
export async function giveTo(account: Account | undefined, path: string): Promise<void> {
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
