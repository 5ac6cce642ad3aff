import { type RefObject, useEffect, useRef } from "react";

/** Whether the component is still on the screen: an action may end after its dialog was closed. */
export function useIsShown(): RefObject<boolean> {
  const isShown = useRef(false);
  useEffect(() => {
    isShown.current = true;
    return () => {
      isShown.current = false;
    };
  }, []);
  return isShown;
}
