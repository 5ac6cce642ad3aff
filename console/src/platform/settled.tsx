import { Skeleton, Stack } from "@mantine/core";
import { type Query, useIsFetching } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";

/** A read that starts another one does so within this time. */
const CALM_MS = 30;
/** As long as a read may take. One that is repeated after that is shown as loading in its own place. */
const LONGEST_MS = 10_000;

/**
 * Shows the parts of a screen together, once each has been read or has failed: parts that appear one after another would move
 * those below them while the user reads or clicks. A read with `meta: { isAside: true }` changes nothing there: it is not waited for.
 */
export function Settled({ children }: { children: ReactNode }) {
  const [isReady, setReady] = useState(false);
  const unread = useIsFetching({ predicate: isAwaited });
  useEffect(() => {
    if (isReady || unread > 0) return;
    const timer = setTimeout(() => setReady(true), CALM_MS);
    return () => clearTimeout(timer);
  }, [isReady, unread]);
  useEffect(() => {
    const timer = setTimeout(() => setReady(true), LONGEST_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <>
      {!isReady && (
        <Stack gap="lg" className="settling" role="status" aria-label="Loading">
          {[180, 240, 240].map((height, index) => <Skeleton key={index} h={height} radius="lg" />)}
        </Stack>
      )}
      <div style={{ display: isReady ? "contents" : "none" }}>{children}</div>
    </>
  );
}

function isAwaited({ state: { status }, meta }: Query): boolean {
  return status === "pending" && meta?.isAside !== true;
}
