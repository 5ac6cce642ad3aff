import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import type { Log } from "../log.ts";
import { tellQueryErrorsTo } from "./query-errors.ts";

/** The Auth API and the Data API of Supabase over one database, inside this process. */
export interface DataApi {
  /** Answers a request to `/auth/v1/…` or `/rest/v1/…`. User tokens are HS256 over the secret that was given. */
  fetch(request: Request): Promise<Response>;
  /** Makes the tables of Auth; changes nothing where they are. */
  makeAuthTables(): Promise<void>;
  /** Forgets what it knows of the tables, to be called when they have changed. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface DataApiOptions {
  /** The superuser's address: lite switches to the role of each request by itself, and sees no tables as another. */
  databaseUrl: string;
  jwtSecret: string;
  publishableKey: string;
  secretKey: string;
  /** How long an access token is good for, in seconds. */
  tokenLifetime: number;
  /** Receives a line for each query that the database refused. */
  log: Log;
}

const LOOPBACK = "127.0.0.1";

/** Opens the two APIs; connects with the first request. */
export function openDataApi(options: DataApiOptions): DataApi {
  const connection = createPostgresConnection({
    url: options.databaseUrl,
    postgresOptions: {
      max: 10,
      onnotice: () => {},
      types: {
        // lite serializes an argument of an rpc once itself: without this the function receives a jsonb string of JSON.
        jsonb: {
          to: 3802,
          from: [3802],
          serialize: (value: unknown) => typeof value === "string" ? value : JSON.stringify(value),
          parse: (text: string) => JSON.parse(text) as unknown,
        },
      },
    },
  });
  keepPrivilegesAsGranted(connection);
  const app = new App({
    connection,
    auth: {
      enabled: true,
      jwt_secret: options.jwtSecret,
      jwt_expiry: options.tokenLifetime,
      publishable_key: options.publishableKey,
      secret_key: options.secretKey,
      enable_signup: true,
      email: { enable_signup: true, enable_confirmations: false },
    },
    api: { enabled: true, schemas: ["public"] },
  });
  const tellAsBefore = tellQueryErrorsTo(options.log);
  const underWay = new Set<Promise<Response>>();
  let closing = false;
  return {
    async fetch(request) {
      if (closing) return Response.json({ message: "The local stack is stopping" }, { status: 503 });
      const answering = Promise.resolve(app.fetch(request, { peerAddress: LOOPBACK }));
      underWay.add(answering);
      try {
        return await answering;
      } finally {
        underWay.delete(answering);
      }
    },
    makeAuthTables: () => app.ensureSystemSchema(),
    reload: () => connection.clearSchemaCache(),
    async close() {
      closing = true;
      // A pool that is closed while one of its connections is in use waits for that one for ever.
      await Promise.allSettled([...underWay]);
      tellAsBefore();
      await connection.close();
    },
  };
}

/**
 * Stops lite from granting ALL on every table to `anon` and `authenticated` with its first request.
 *
 * It does so once, when it finds out whether the database uses row level security. Told beforehand that it does, it leaves
 * the grants alone, and a privilege that a migration withheld is withheld here as on the platform.
 */
function keepPrivilegesAsGranted(connection: object): void {
  if (!("rlsState" in connection)) {
    throw new Error('Cannot keep the privileges as granted: this version of @supabase/lite has no "rlsState"');
  }
  connection.rlsState = "active";
}
