import type { ListedMessage } from "../../../../client/switchboard.ts";
import { codeInWords } from "../../send-message/code-in-words.ts";
import { kindOf } from "../status.ts";

/** The recipient replied STOP: only the recipient can change that. */
const OPTED_OUT = 21610;

/** Why a sent message failed, as a sentence; null if it did not fail, or if no reason is known. */
export function failureReason({ direction, status, errorCode }: ListedMessage): string | null {
  if (direction === "inbound") return null;
  if (kindOf(status) === "unsure") return "It may have been sent: the answer was lost";
  if (kindOf(status) !== "failed") return null;
  if (status === "canceled") return "It was canceled before it was sent";
  return (errorCode === null ? null : codeInWords(errorCode)) ??
    (status === "not_sent" ? "It never left: send it again" : "No reason is known for this");
}

/** Whether the same message can be sent again. */
export function canResend({ direction, status, errorCode, body, media }: ListedMessage): boolean {
  return direction === "outbound" && kindOf(status) === "failed" && errorCode !== OPTED_OUT &&
    ((body ?? "") !== "" || media.length > 0);
}
