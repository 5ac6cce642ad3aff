import { useCallback, useEffect, useRef, useState } from "react";

/**
 * Keeps the end of a list in view while its scroller changes its height: a composer grows by a line, or a banner appears.
 * Virtuoso follows the end only where it is left by more than its threshold.
 *
 * @param isAtEnd whether the reader is at the end
 * @returns what Virtuoso calls with its scroller
 */
export function useKeptEnd(isAtEnd: boolean): (scroller: HTMLElement | Window | null) => void {
  const [scroller, setScroller] = useState<HTMLElement | null>(null);
  const isFollowing = useRef(isAtEnd);
  useEffect(() => {
    isFollowing.current = isAtEnd;
  }, [isAtEnd]);
  useEffect(() => {
    if (scroller === null) return;
    const observer = new ResizeObserver(() => {
      if (isFollowing.current) scroller.scrollTop = scroller.scrollHeight;
    });
    observer.observe(scroller);
    return () => observer.disconnect();
  }, [scroller]);
  return useCallback((element) => setScroller(element instanceof HTMLElement ? element : null), []);
}
