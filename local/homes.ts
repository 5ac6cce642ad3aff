import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Account, giveTo } from "./postgres/account.ts";

/** The folders of a stack. */
export interface Homes {
  /** The copy of Postgres and the prepared databases, shared by the stacks of this checkout (of this machine, for root). */
  shared: string;
  /** The database, the secrets and the state of the simulators of one stack. */
  data: string;
  /** Whether `data` is to be removed at the end. */
  ephemeral: boolean;
}

export interface HomesOptions {
  projectDir: string;
  ephemeral: boolean;
  /** Where the data is to be instead of the usual place. */
  dataDir: string | undefined;
  account: Account | undefined;
}

/**
 * Under root nothing is kept in the checkout: Postgres runs as another user, who may not be able to enter it, for example
 * below /root. The place is named by the checkout's path, so that each checkout has data of its own.
 */
const ROOTS_HOME = "/var/lib/switchboard";

/** Chooses and makes the folders. */
export async function makeHomes({ projectDir, ephemeral, dataDir, account }: HomesOptions): Promise<Homes> {
  const isRoot = account !== undefined;
  const shared = isRoot ? ROOTS_HOME : join(projectDir, ".local");
  await Deno.mkdir(join(shared, "templates"), { recursive: true });
  if (ephemeral) {
    const data = await Deno.makeTempDir({ prefix: "switchboard-" });
    await giveTo(account, data);
    return { shared, data, ephemeral };
  }
  const usual = isRoot ? join(ROOTS_HOME, "checkouts", nameOf(projectDir)) : join(shared, "data");
  const data = dataDir ?? usual;
  await Deno.mkdir(data, { recursive: true });
  return { shared, data, ephemeral };
}

function nameOf(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 16);
}
