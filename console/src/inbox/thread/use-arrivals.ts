import { useEffect, useRef, useState } from "react";
import type { ListedMessage } from "../../../../client/switchboard.ts";

/** What a screen reader says about the newest message that has arrived since the thread was opened. Empty before. */
export function useArrivals(messages: readonly ListedMessage[], peerName: string): string {
  const newest = messages.findLast(({ direction }) => direction === "inbound");
  const known = useRef(newest?.id);
  const [announcement, setAnnouncement] = useState("");
  useEffect(() => {
    if (newest === undefined || newest.id === known.current) return;
    const isNewer = !messages.some(({ id }) => id === known.current) || known.current !== newest.id;
    known.current = newest.id;
    if (isNewer) setAnnouncement(`New message from ${peerName}: ${newest.body || "a file"}`);
  }, [newest?.id]);
  return announcement;
}
