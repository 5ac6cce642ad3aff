import { Alert } from "@mantine/core";
import { CircleAlert, CircleCheck, Clock } from "lucide-react";
import { authWordingOf, WORDED_CODES } from "./auth-wording.ts";
import { type SessionNotice as Notice, useSessionState, useSessionStore } from "./session.tsx";

/** Says what happened to the session or to the link of a mail, until the user dismisses it. */
export function SessionNotice() {
  const state = useSessionState();
  const store = useSessionStore();
  const notice = state.status === "signed-in" || state.status === "signed-out" ? state.notice : null;
  if (notice === null) return null;
  const { title, text, color, icon: Icon } = contentOf(notice);
  return (
    <Alert
      color={color}
      variant="light"
      icon={<Icon />}
      title={title}
      role={color === "red" ? "alert" : "status"}
      withCloseButton
      closeButtonLabel="Dismiss"
      onClose={store.dismissNotice}
    >
      {text}
    </Alert>
  );
}

/** What a notice says. */
export function contentOf(notice: Notice) {
  switch (notice.kind) {
    case "ended":
      return {
        title: "Your session has ended",
        text: "Sign in again to continue where you were.",
        color: "yellow",
        icon: Clock,
      };
    case "link-failed":
      return {
        title: "This link did not work",
        text: WORDED_CODES.includes(notice.code)
          ? `${authWordingOf(notice).message}.`
          : "It may have expired or been used already. Ask for a new one.",
        color: "red",
        icon: CircleAlert,
      };
    case "half-confirmed":
      return {
        title: "One of two confirmations is done",
        text: "Now open the link that we sent to your other email. Your email changes after that.",
        color: "blue",
        icon: CircleCheck,
      };
    case "confirmed":
      return {
        title: "Your email is confirmed",
        text: `You are signed in as ${notice.email}.`,
        color: "teal",
        icon: CircleCheck,
      };
    case "email-changed":
      return {
        title: "Your email is changed",
        text: `From now on you sign in with ${notice.email}.`,
        color: "teal",
        icon: CircleCheck,
      };
    case "user-changed":
      return {
        title: "Another user signed in",
        text: `This browser is now signed in as ${notice.email}.`,
        color: "blue",
        icon: CircleAlert,
      };
  }
}
