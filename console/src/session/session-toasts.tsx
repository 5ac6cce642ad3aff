import { useEffect } from "react";
import { announce } from "../platform/notify.ts";
import { contentOf } from "./session-notice.tsx";
import { useSessionState, useSessionStore } from "./session.tsx";

/** Announces what happened to the session in the background, or because of a link. Renders nothing. */
export function SessionToasts() {
  const state = useSessionState();
  const store = useSessionStore();
  const notice = state.status === "signed-in" ? state.notice : null;
  useEffect(() => {
    if (notice?.kind !== "confirmed" && notice?.kind !== "user-changed") return;
    const { title, text } = contentOf(notice);
    announce({ title, message: text, kind: notice.kind === "confirmed" ? "success" : "info" });
    store.dismissNotice();
  }, [notice, store]);
  return null;
}
