import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fileExists, writeSecretFile } from "../files.ts";
import { type Account, changeOwner, runAs } from "./account.ts";
import type { Distribution } from "./distribution.ts";

/** A Postgres data folder and the password of its superuser, `postgres`. */
export interface Cluster {
  data: string;
  password: string;
}

/** The user `postgres` cannot enter the data folder. */
export class UnreachableFolderError extends Error {
  override readonly name = "UnreachableFolderError";
}

/** Opens the cluster in the existing folder `home`, or creates one there. */
export async function openCluster(home: string, distribution: Distribution, account?: Account): Promise<Cluster> {
  const data = join(home, "postgres");
  const passwordFile = join(home, "postgres-password");
  if (!await fileExists(join(data, "PG_VERSION"))) {
    await assertReachable(home, account);
    await makeCluster(data, passwordFile, distribution, account);
  }
  return { data, password: await Deno.readTextFile(passwordFile) };
}

async function makeCluster(data: string, passwordFile: string, distribution: Distribution, account?: Account) {
  if (await fileExists(data)) await Deno.remove(data, { recursive: true }); // Left by an interrupted initdb.
  await writeSecretFile(passwordFile, randomBytes(24).toString("base64url"));
  await Deno.mkdir(data, { mode: 0o700 });
  await changeOwner(account, data);
  await changeOwner(account, passwordFile);
  await runAs(account, distribution.initdb, [
    `--pgdata=${data}`,
    "--username=postgres",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--locale=C",
    "--wal-segsize=1",
    "--no-sync",
    "--no-instructions",
  ]);
}

async function assertReachable(home: string, account?: Account): Promise<void> {
  if (account === undefined) return;
  try {
    await runAs(account, "/bin/sh", ["-c", 'cd "$1"', "sh", home]);
  } catch {
    throw new UnreachableFolderError(
      `Cannot keep the database in "${home}": the user "postgres", which runs it under root, cannot enter the folder; ` +
        "set a folder that all users can enter, for example --data /var/lib/switchboard/mine",
    );
  }
}
