import { PendingState } from "../../send-message/pending-state.tsx";
import type { PendingMessage } from "../../send-message/use-send-message.ts";
import { MessageText } from "./message-text.tsx";

/** A message on its way to the server: its text, what it waits for, and what its author can do. */
export function PendingBubble({ pending }: { pending: PendingMessage }) {
  const { body, mediaUrls } = pending.content;
  return (
    <>
      <div className="bubble-line">
        <div className="bubble-body bubble-body-pending">
          {body !== "" && <MessageText text={body} />}
          {mediaUrls.map((url) => <div key={url} className="bubble-file">{url}</div>)}
        </div>
      </div>
      <div className="bubble-foot">
        <PendingState pending={pending} />
      </div>
    </>
  );
}
