import assert from "node:assert/strict";
import { join } from "node:path";
import postgres from "postgres";
import { fileURLToPath } from "node:url";
import { freePort } from "../ports.ts";
import { makeHomes } from "../homes.ts";
import { changeOwner, postgresAccount } from "./account.ts";
import { openCluster } from "./cluster.ts";
import { prepareDistribution } from "./distribution.ts";
import { PostgresPortTakenError, startServer, startServerNear } from "./server.ts";

const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** Creates a cluster in a temporary folder, which is removed when the server stops. */
async function freshCluster() {
  const account = await postgresAccount(() => {});
  const homes = await makeHomes({ projectDir: CHECKOUT, ephemeral: true, dataDir: undefined, account });
  const distribution = await prepareDistribution(homes.shared, () => {});
  const cluster = await openCluster(homes.data, distribution, account);
  const options = { cluster, distribution, account, durable: false, removeAtEnd: homes.data, log: () => {} };
  const start = (port: number) => startServer({ ...options, port });
  return { account, cluster, home: homes.data, options, start };
}

function test(title: string, body: () => Promise<void>): void {
  Deno.test(title, { sanitizeOps: false, sanitizeResources: false }, body);
}

test("Postgres starts despite a pid file with the id of a process that is not its server", async () => {
  const { cluster, account, start } = await freshCluster();
  const file = join(cluster.data, "postmaster.pid");
  await Deno.writeTextFile(file, `${Deno.pid}\n${cluster.data}\n`, { mode: 0o600 });
  await changeOwner(account, file);
  const server = await start(freePort());
  const sql = postgres(server.url, { max: 1 });
  const [row] = await sql`select current_setting('server_version_num')::int / 10000 as major, current_user as name`;
  assert.deepEqual({ ...row }, { major: 17, name: "postgres" });
  await sql.end();
  await server.stop();
});

test("startServer rejects with the port and the error of Postgres when the port is in use", async () => {
  const { start, home } = await freshCluster();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await assert.rejects(start(listener.addr.port), (error: Error) => {
    assert.ok(error instanceof PostgresPortTakenError);
    assert.match(
      error.message,
      new RegExp(`^Cannot start Postgres on port ${listener.addr.port}: .*Address already in use`),
    );
    return true;
  });
  await Deno.remove(home, { recursive: true });
});

test("startServerNear uses a free port when the port is in use, and reports the address early", async () => {
  const { options } = await freshCluster();
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const reported: string[] = [];
  const onListening = (url: string) => reported.push(url);
  const server = await startServerNear({ ...options, port: listener.addr.port, onListening });
  assert.notEqual(new URL(server.url).port, String(listener.addr.port));
  assert.deepEqual(reported, [server.url]);
  const sql = postgres(server.url, { max: 1 });
  assert.equal((await sql`select 1 as one`)[0]?.["one"], 1);
  await sql.end();
  await server.stop();
});

test("Postgres rejects a wrong password", async () => {
  const { start } = await freshCluster();
  const server = await start(freePort());
  const url = new URL(server.url);
  url.password = "guessed";
  const sql = postgres(url.href, { max: 1 });
  await assert.rejects(sql`select 1`.execute(), { code: "28P01" });
  await sql.end();
  await server.stop();
});
