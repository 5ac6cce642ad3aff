/** A message of Realtime's protocol, version 2.0.0. */
type Frame = [joinRef: string | null, ref: string | null, topic: string, event: string, payload: unknown];

interface Join {
  topic: string;
  /** The user's token. */
  token: string | undefined;
  /** The rows that the client wants. */
  filters: { id: number; event: string; schema: string; table: string; filter: string }[];
}

/** How the server answers the next joins. */
type Manner = "accept" | "refuse" | "accept without changes";

/** A scripted Realtime server, with the token endpoint that a client renews its session at. */
export class RealtimeServer implements AsyncDisposable {
  readonly joins: Join[] = [];
  /** The tokens that clients sent after they had joined. */
  readonly renewedTokens: string[] = [];
  manner: Manner = "accept";
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #sockets = new Set<WebSocket>();
  #joined: { socket: WebSocket; joinRef: string | null; join: Join } | null = null;
  #tokens = 0;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/realtime/v1/websocket") return this.#connect(request);
      if (pathname === "/auth/v1/token") return Response.json(this.session());
      return new Response(null, { status: 404 });
    });
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** A new session of the user `user`. */
  session() {
    this.#tokens += 1;
    const expiresAt = Math.floor(Date.now() / 1000) + 3600;
    const part = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
    return {
      access_token: [part({ alg: "HS256" }), part({ sub: "user", exp: expiresAt, jti: this.#tokens }), "c2ln"].join(
        ".",
      ),
      refresh_token: `refresh-${this.#tokens}`,
      token_type: "bearer",
      expires_in: 3600,
      expires_at: expiresAt,
      user: { id: "user", aud: "authenticated", app_metadata: {}, user_metadata: {}, created_at: "" },
    };
  }

  /** Publishes a row to the client that has joined. Returns false if there is none. */
  publish(table: string, type: "INSERT" | "UPDATE", row: Record<string, string>): boolean {
    if (this.#joined === null) return false;
    const { socket, joinRef, join } = this.#joined;
    const ids = join.filters.filter((filter) => filter.table === table && filter.event === type).map(({ id }) => id);
    const columns = Object.keys(row).map((name) => ({ name, type: "text" }));
    const data = { schema: "public", table, type, commit_timestamp: new Date().toISOString(), errors: null };
    send(socket, [joinRef, null, join.topic, "postgres_changes", { ids, data: { ...data, columns, record: row } }]);
    return true;
  }

  /** Ends the connections, as a network does. */
  drop(): void {
    this.#joined = null;
    for (const socket of this.#sockets) socket.close(4000);
  }

  /** Closes the channel, as the server does when a token has expired. */
  closeChannel(): void {
    const { socket, joinRef, join } = this.#joined!;
    this.#joined = null;
    send(socket, [joinRef, null, join.topic, "phx_close", {}]);
  }

  async [Symbol.asyncDispose]() {
    this.drop();
    await this.#server.shutdown();
  }

  #connect(request: Request): Response {
    const { socket, response } = Deno.upgradeWebSocket(request);
    this.#sockets.add(socket);
    socket.onclose = () => this.#sockets.delete(socket);
    socket.onmessage = ({ data }) => this.#receive(socket, JSON.parse(data));
    return response;
  }

  #receive(socket: WebSocket, [joinRef, ref, topic, event, payload]: Frame) {
    const reply = (status: "ok" | "error", response: unknown) =>
      send(socket, [joinRef, ref, topic, "phx_reply", { status, response }]);
    if (event === "heartbeat" || event === "phx_leave") return reply("ok", {});
    const { access_token: token, config } = payload as { access_token?: string; config?: { postgres_changes: [] } };
    if (event === "access_token") return void this.renewedTokens.push(token!);
    if (event !== "phx_join") return;
    const filters = config!.postgres_changes.map((filter: Join["filters"][number], id) => ({ ...filter, id: id + 1 }));
    const join = { topic, token, filters };
    this.joins.push(join);
    if (this.manner === "refuse") return reply("error", { reason: "Unauthorized" });
    reply("ok", { postgres_changes: filters });
    const isPublished = this.manner === "accept";
    if (isPublished) this.#joined = { socket, joinRef, join };
    const status = isPublished ? "ok" : "error";
    send(socket, [joinRef, null, topic, "system", {
      channel: topic,
      extension: "postgres_changes",
      status,
      message: "",
    }]);
  }
}

function send(socket: WebSocket, frame: Frame) {
  socket.send(JSON.stringify(frame));
}
