import { createHash } from "node:crypto";
import { join } from "node:path";
import { type Account, changeOwner } from "./postgres/account.ts";

/** The folders of a stack. */
export interface Homes {
  /**
   * The copy of Postgres and the template databases. All stacks of this checkout share it; under root, of this machine.
   */
  shared: string;
  /** The database, the secrets and the simulator state of one stack. */
  data: string;
  /** Whether `data` is removed when the stack stops. */
  ephemeral: boolean;
}

export interface HomesOptions {
  projectDir: string;
  ephemeral: boolean;
  /** Whether the default data folder is the one for demo data. */
  demo?: boolean;
  /** The data folder; undefined for the default one. */
  dataDir: string | undefined;
  account: Account | undefined;
}

/**
 * The folder for all data under root. Postgres then runs as another user, which may have no access to the checkout, for
 * example below /root. Data folders are named after the hash of the checkout's path, so each checkout has its own.
 */
const ROOT_FOLDER = "/var/lib/switchboard";

/** Chooses the folders and creates them. */
export async function makeHomes({ projectDir, ephemeral, demo, dataDir, account }: HomesOptions): Promise<Homes> {
  const isRoot = account !== undefined;
  const shared = isRoot ? ROOT_FOLDER : join(projectDir, ".local");
  await Deno.mkdir(join(shared, "templates"), { recursive: true });
  if (ephemeral) {
    const data = await Deno.makeTempDir({ prefix: "switchboard-" });
    await changeOwner(account, data);
    return { shared, data, ephemeral };
  }
  const suffix = demo ? "-demo" : "";
  const defaultData = isRoot
    ? join(ROOT_FOLDER, "checkouts", nameOf(projectDir) + suffix)
    : join(shared, `data${suffix}`);
  const data = dataDir ?? defaultData;
  await Deno.mkdir(data, { recursive: true });
  return { shared, data, ephemeral };
}

function nameOf(path: string): string {
  return createHash("sha256").update(path).digest("hex").slice(0, 16);
}
