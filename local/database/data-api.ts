import { App } from "@supabase/lite";
import { createPostgresConnection } from "@supabase/lite/postgres";
import type { Log } from "../log.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { logQueryErrors } from "./query-errors.ts";

/** The Supabase Auth API and Data API of one database, served by @supabase/lite in this process. */
export interface DataApi {
  /** Answers a request to `/auth/v1/…` or `/rest/v1/…`. User tokens are HS256, signed with `jwtSecret`. */
  fetch(request: Request): Promise<Response>;
  /** Creates the auth tables if they do not exist. */
  makeAuthTables(): Promise<void>;
  /** Clears the schema cache. Call it after the schema changed. */
  reload(): Promise<void>;
  close(): Promise<void>;
}

export interface DataApiOptions {
  /**
   * A superuser connection string. lite sets the role of each request itself, and as another user it sees no tables.
   */
  databaseUrl: string;
  jwtSecret: string;
  publishableKey: string;
  secretKey: string;
  /** The lifetime of an access token, in seconds. */
  tokenLifetime: number;
  /** How Auth sends mails. Not needed to create the tables only. */
  mail?: {
    driver: Mailbox["driver"];
    /** The origin of the stack, to which the links lead. */
    siteUrl: string;
    /** Whether a user has to confirm the address of a sign-up. */
    confirmEmails: boolean;
  };
  /** Receives a line for each failed query. */
  log: Log;
}

const LOOPBACK = "127.0.0.1";

/**
 * After this time a statement is canceled with 57014, in milliseconds. The platform has the same value on the Data API's
 * role; there, statements of callers without a token end after three seconds already.
 */
const STATEMENT_TIMEOUT_MS = 8_000;

/** Opens both APIs. The first request opens the database connection. */
export function openDataApi(options: DataApiOptions): DataApi {
  const connection = createPostgresConnection({
    url: options.databaseUrl,
    postgresOptions: {
      max: 10,
      onnotice: () => {},
      connection: { statement_timeout: STATEMENT_TIMEOUT_MS },
      types: {
        // lite already serializes the arguments of an rpc. Serialized twice, an object would arrive as a jsonb string.
        jsonb: {
          to: 3802,
          from: [3802],
          serialize: (value: unknown) => typeof value === "string" ? value : JSON.stringify(value),
          parse: (text: string) => JSON.parse(text) as unknown,
        },
      },
    },
  });
  preventExtraGrants(connection);
  const app = new App({
    connection,
    auth: {
      enabled: true,
      jwt_secret: options.jwtSecret,
      jwt_expiry: options.tokenLifetime,
      publishable_key: options.publishableKey,
      secret_key: options.secretKey,
      enable_signup: true,
      email: { enable_signup: true, enable_confirmations: options.mail?.confirmEmails ?? false },
      ...(options.mail && { site_url: options.mail.siteUrl }),
    },
    api: { enabled: true, schemas: ["public"] },
    ...(options.mail && { options: { drivers: { email: options.mail.driver } } }),
  });
  const restoreConsole = logQueryErrors(options.log);
  const inProgress = new Set<Promise<Response>>();
  let closing = false;
  return {
    async fetch(request) {
      if (closing) return Response.json({ message: "The local stack is stopping" }, { status: 503 });
      const response = Promise.resolve(app.fetch(request, { peerAddress: LOOPBACK }));
      inProgress.add(response);
      try {
        return await describeTimeout(await response);
      } finally {
        inProgress.delete(response);
      }
    },
    makeAuthTables: () => app.ensureSystemSchema(),
    reload: () => connection.clearSchemaCache(),
    async close() {
      closing = true;
      // Closing the pool while a connection is in use never resolves.
      await Promise.allSettled([...inProgress]);
      restoreConsole();
      await connection.close();
    },
  };
}

const CANCELED = "canceling statement due to statement timeout";

/** Answers a canceled statement as PostgREST does. lite hides the code of the error. */
async function describeTimeout(response: Response): Promise<Response> {
  if (response.status !== 500) return response;
  const text = await response.text();
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  return text.includes(CANCELED)
    ? Response.json({ code: "57014", message: CANCELED, details: null, hint: null }, { status: 500, headers })
    : new Response(text, { status: 500, headers });
}

/**
 * Prevents lite from granting ALL on every table to `anon` and `authenticated` with its first request.
 *
 * lite grants them once, when it checks whether the database uses row level security. Setting the result of that check
 * here skips the grants, so that the roles have the privileges that the migrations grant, as on the platform.
 */
function preventExtraGrants(connection: object): void {
  if (!("rlsState" in connection)) {
    throw new Error('Cannot prevent extra grants: this version of @supabase/lite has no "rlsState"');
  }
  connection.rlsState = "active";
}
