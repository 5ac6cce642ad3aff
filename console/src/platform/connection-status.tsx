import { Button, Text } from "@mantine/core";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { CloudOff, WifiOff } from "lucide-react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { type Connection, connectionOf, isServerDown, type ReadOutcome, retryDelay } from "./connection.ts";

/**
 * Says in the header that the browser is offline or that the server does not respond, and reads again with growing pauses
 * until it does. It covers no content and moves none.
 */
export function ConnectionStatus() {
  const { connection, retry } = useConnection();
  const seconds = useRetries(connection, retry);
  if (connection === "ok") return <div className="connection" role="status" />;
  const isOffline = connection === "offline";
  const Icon = isOffline ? WifiOff : CloudOff;
  return (
    <div className="connection" role="status" data-shown>
      <Icon size={18} aria-hidden style={{ flexShrink: 0 }} />
      <Text size="sm" lh={1.25} fw={500}>
        {SENTENCES[connection]}
        {/* Not announced at every second. */}
        {!isOffline && <span aria-hidden>{seconds === null ? ". Retrying…" : `. Retrying in ${seconds} s`}</span>}
      </Text>
      {!isOffline && (
        <Button
          size="compact-sm"
          variant="default"
          disabled={seconds === null}
          onClick={() => void retry()}
        >
          Retry now
        </Button>
      )}
    </div>
  );
}

const SENTENCES: Readonly<Record<Exclude<Connection, "ok">, string>> = {
  offline: "You're offline. What you see may be old",
  down: "The server does not respond",
  partly: "Part of this page cannot be updated",
};

/** The connection, from the reads of the components on the screen. */
function useConnection(): { connection: Connection; retry: () => Promise<void> } {
  const queryClient = useQueryClient();
  const [reads] = useState(() => new Reads(queryClient));
  const isOnline = useSyncExternalStore(onNetworkChange, () => navigator.onLine);
  const connection = useSyncExternalStore(reads.subscribe, () => connectionOf(isOnline, reads.outcomes()));
  return { connection, retry: reads.retry };
}

function onNetworkChange(onChange: () => void): () => void {
  const events = ["online", "offline"];
  for (const event of events) globalThis.addEventListener(event, onChange);
  return () => events.forEach((event) => globalThis.removeEventListener(event, onChange));
}

/** The last outcome of each read. React Query forgets it as soon as it reads again. */
class Reads {
  readonly #last = new Map<string, ReadOutcome>();
  readonly #client: QueryClient;

  constructor(client: QueryClient) {
    this.#client = client;
  }

  readonly subscribe = (onChange: () => void): () => void =>
    this.#client.getQueryCache().subscribe((event) => {
      const { type, query: { queryHash } } = event;
      if (type === "updated" && event.action.type === "success") {
        this.#last.set(queryHash, { isDown: false, at: Date.now() });
      } else if (type === "updated" && event.action.type === "error") {
        this.#last.set(queryHash, this.#failure(queryHash, isServerDown(event.action.error)));
      } else if (type === "removed") {
        this.#last.delete(queryHash);
      } else if (type !== "observerAdded" && type !== "observerRemoved") return;
      onChange();
    });

  outcomes() {
    return this.#active().map(({ queryHash }) => this.#last.get(queryHash)!);
  }

  readonly retry = async (): Promise<void> => {
    const failed = new Set(
      this.#active().map(({ queryHash }) => queryHash).filter((hash) => this.#last.get(hash)?.isDown),
    );
    await this.#client.refetchQueries({ predicate: ({ queryHash }) => failed.has(queryHash) }, {
      cancelRefetch: false,
    });
  };

  /** A read that fails again has failed since the first time. */
  #failure(hash: string, isDown: boolean): ReadOutcome {
    const before = this.#last.get(hash);
    return isDown && before?.isDown === true ? before : { isDown, at: Date.now() };
  }

  #active() {
    return this.#client.getQueryCache().findAll({ type: "active" }).filter(({ queryHash }) =>
      this.#last.has(queryHash)
    );
  }
}

/** Retries with growing pauses. Returns the seconds until the next attempt; null while it runs. */
function useRetries(connection: Connection, retry: () => Promise<void>): number | null {
  const isDown = connection === "down" || connection === "partly";
  const [attempt, setAttempt] = useState(0);
  const [seconds, setSeconds] = useState<number | null>(null);

  useEffect(() => {
    if (!isDown) {
      setAttempt(0);
      return;
    }
    let left = retryDelay(attempt);
    let isCurrent = true;
    setSeconds(left);
    const timer = setInterval(() => {
      left -= 1;
      if (left > 0) return setSeconds(left);
      clearInterval(timer);
      setSeconds(null);
      void retry().finally(() => isCurrent && setAttempt((before) => before + 1));
    }, 1_000);
    return () => {
      isCurrent = false;
      clearInterval(timer);
    };
  }, [isDown, attempt, retry]);

  return seconds;
}
