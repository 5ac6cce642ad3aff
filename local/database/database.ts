import { join } from "node:path";
import type { Homes } from "../homes.ts";
import { type Log, timed } from "../log.ts";
import type { Account } from "../postgres/account.ts";
import { openCluster } from "../postgres/cluster.ts";
import { prepareDistribution } from "../postgres/distribution.ts";
import { type Server, startServerNear } from "../postgres/server.ts";
import type { StackSecrets } from "../secrets.ts";
import { prepareDatabase } from "./prepare.ts";
import { copyTemplate } from "./template.ts";

export interface DatabaseOptions {
  homes: Homes;
  projectDir: string;
  account: Account | undefined;
  port: number;
  log: Log;
}

/** A database with a data folder, whose server is not started yet. */
export interface Database {
  /** The superuser connection string. Resolves once `start` has bound a port, before the server is ready. */
  url: Promise<string>;
  /** Starts the server and prepares the database: platform objects, migrations, demo users and seed. */
  start(secrets: StackSecrets): Promise<Server>;
}

/** Opens the data folder, or creates it: empty, or for an ephemeral stack as a copy of a template. */
export async function openDatabase({ homes, projectDir, account, port, log }: DatabaseOptions): Promise<Database> {
  const distribution = await prepareDistribution(homes.shared, log);
  if (homes.ephemeral) {
    const folder = join(homes.shared, "templates");
    await timed(log, "Copied the template database", async () => {
      await copyTemplate(homes.data, { folder, projectDir, distribution, account, log });
    });
  }
  const cluster = await timed(log, "Opened the data folder", () => openCluster(homes.data, distribution, account));
  const address = Promise.withResolvers<string>();
  address.promise.catch(() => {}); // `start` rejects with the same error.
  const onListening = address.resolve;
  const removeAtEnd = homes.ephemeral && { removeAtEnd: homes.data };
  return {
    url: address.promise,
    async start(secrets) {
      const durable = !homes.ephemeral;
      const options = { cluster, distribution, account, port, durable, ...removeAtEnd, onListening, log };
      const server = await timed(log, "Started Postgres", () => startServerNear(options)).catch((error: unknown) => {
        address.reject(error);
        throw error;
      });
      if (homes.ephemeral) return server; // The template is already prepared.
      try {
        await prepareDatabase({ url: server.url, projectDir, dataDir: homes.data, secrets, log });
        return server;
      } catch (error) {
        await server.stop();
        throw error;
      }
    },
  };
}
