import { useState } from "react";
import type { SentMessage } from "../../../client/switchboard.ts";
import { DialogPart, part } from "../platform/part.tsx";
import { slotOf } from "./draft.ts";
import { ReplyForm } from "./reply-form.tsx";

// It needs the metadata of all countries' numbers, which a reply does not.
const NewMessageForm = part(() => import("./new-message-form.tsx").then(({ NewMessageForm }) => NewMessageForm));

export interface SendMessageProps {
  /** The recipient, in E.164, or as it is typed. */
  to?: string | undefined;
  /** One of the tenant's numbers, in E.164. */
  from?: string | undefined;
  /** The text to begin with. The conversation's own draft is left alone. */
  body?: string | undefined;
  onSent?: ((message: SentMessage) => void) | undefined;
  /** Whether messages on their way are listed above the field; false where a conversation shows them. True by default. */
  showsPending?: boolean | undefined;
  /** Whether the first empty field gets the focus when a dialog opens. False by default. */
  autoFocus?: boolean | undefined;
}

/**
 * The form that sends a message. With `to` and `from` it is the reply box of a conversation; otherwise, both can be chosen. It
 * must be inside `SwitchboardProvider`.
 *
 * @example <SendMessage to="+14155550142" from="+14155550100" />
 */
export function SendMessage({ to, from, body, onSent, showsPending = true, autoFocus = false }: SendMessageProps) {
  // The conversation whose number is gone and that is continued from another number.
  const [left, setLeft] = useState<string | null>(null);
  const conversation = `${from}~${to}`;
  if (to !== undefined && from !== undefined && left !== conversation) {
    return (
      <ReplyForm
        onOtherNumber={() => setLeft(conversation)}
        own={from}
        peer={to}
        body={body}
        onSent={onSent}
        showsPending={showsPending}
        autoFocus={autoFocus}
      />
    );
  }
  return (
    <DialogPart height={236} label="Loading the form">
      <div className={left === conversation ? "send-form" : undefined}>
        <NewMessageForm
          from={left === conversation ? undefined : from}
          slot={left === conversation ? slotOf({ own: from!, peer: to! }) : undefined}
          to={to}
          body={body}
          onSent={onSent}
          autoFocus={autoFocus}
        />
      </div>
    </DialogPart>
  );
}
