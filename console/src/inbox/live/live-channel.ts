import type { RealtimeChannel, RealtimeClient } from "@supabase/realtime-js";

/** The tables that are followed, for the inbox and the campaigns. Row level security applies: a user gets changes of their own rows only. */
const TABLES = ["sms_messages", "sms_conversations", "campaigns"] as const;

/** The first wait before a channel that was closed or refused is opened anew; doubled each time. */
const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 300_000;

/** A new or changed row. It says what to read again; it is not shown itself. */
export interface RowChange {
  table: (typeof TABLES)[number];
  /** Without values if the row is too large for Realtime. */
  row: Readonly<Record<string, unknown>>;
}

export interface LiveChannelOptions {
  realtime: Pick<RealtimeClient, "channel" | "removeChannel" | "setAuth">;
  userId: string;
  onChange: (change: RowChange) => void;
  /** Changes may have been missed: called whenever changes begin to arrive. */
  onGap: () => void;
  /** Whether changes arrive from now on. */
  onState: (isLive: boolean) => void;
  /** The first wait before a new attempt. */
  retryMs?: number;
}

/**
 * Follows a user's messages over Supabase Realtime. The client reconnects a lost socket and joins again by itself, with the
 * token of that time. A channel that the server closes or refuses is opened anew here.
 * @returns stops following
 */
export function followMessages(options: LiveChannelOptions): () => void {
  const { realtime, userId, onChange, onGap, onState, retryMs = RETRY_MS } = options;
  let channel: RealtimeChannel | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  let isStopped = false;

  async function open() {
    // Without this, a client that has just read its session joins without a user and gets no rows.
    await realtime.setAuth().catch(() => {});
    if (isStopped) return;
    const opened = realtime.channel(`inbox:${userId}`);
    channel = opened;
    const isCurrent = () => channel === opened && !isStopped;
    for (const table of TABLES) {
      for (const event of ["INSERT", "UPDATE"] as const) {
        const filter = { event, schema: "public", table, filter: `user_id=eq.${userId}` } as const;
        opened.on("postgres_changes", filter as never, ({ new: row }: { new: RowChange["row"] }) => {
          if (isCurrent()) onChange({ table, row });
        });
      }
    }
    // A join is accepted before changes arrive: this message says that they do, or why they do not.
    opened.on("system", {}, ({ extension, status }: { extension?: string; status?: string }) => {
      if (extension !== "postgres_changes" || !isCurrent()) return;
      onState(status === "ok");
      if (status !== "ok") return;
      failures = 0;
      onGap();
    });
    opened.subscribe((status) => {
      if (!isCurrent() || status === "SUBSCRIBED") return;
      onState(false);
      // The client joins again after an error or a timeout. It does not after the server has closed the channel.
      if (status === "CLOSED") reopen();
      else if ((failures += 1) % 3 === 0) reopen();
    });
  }

  /** Opens the channel anew, later each time: a project may not publish the tables. */
  function reopen() {
    const closed = channel;
    channel = null;
    if (closed !== null) void realtime.removeChannel(closed);
    clearTimeout(timer);
    timer = setTimeout(() => void open(), Math.min(retryMs * 2 ** failures, LONGEST_RETRY_MS));
    failures += 1;
  }

  void open();
  return () => {
    isStopped = true;
    clearTimeout(timer);
    if (channel !== null) void realtime.removeChannel(channel);
    channel = null;
  };
}
