import { Button, Center } from "@mantine/core";
import { Fragment, useLayoutEffect, useRef } from "react";
import { dayOf } from "../platform/dates.ts";
import { Bubble } from "./bubble.tsx";
import type { Message } from "./message.ts";
import { useEarlierMessages } from "./use-messages.ts";

/** Within this distance from the end, the thread scrolls to new messages. */
const FOLLOWING_PX = 120;

export interface ThreadProps {
  /** Oldest first. */
  messages: readonly Message[];
  hasEarlier: boolean;
}

/** The messages of a conversation. Keeps the end in view while the reader is at the end. */
export function Thread({ messages, hasEarlier }: ThreadProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const latestId = messages.at(-1)?.id;
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null && isFollowing.current) element.scrollTop = element.scrollHeight;
  }, [latestId]);

  function notePosition() {
    const element = scroller.current;
    if (element === null) return;
    isFollowing.current = element.scrollHeight - element.scrollTop - element.clientHeight < FOLLOWING_PX;
  }

  return (
    <div className="thread" ref={scroller} onScroll={notePosition} tabIndex={0} role="log" aria-label="Messages">
      {hasEarlier && <EarlierButton />}
      <ol className="bubbles">
        {messages.map((message, index) => (
          <Fragment key={message.id}>
            {isNewDay(messages[index - 1], message) && <li className="day">{dayOf(message.created_at)}</li>}
            <Bubble message={message} />
          </Fragment>
        ))}
      </ol>
    </div>
  );
}

function isNewDay(before: Message | undefined, message: Message): boolean {
  return before === undefined ||
    new Date(before.created_at).toDateString() !== new Date(message.created_at).toDateString();
}

function EarlierButton() {
  const earlier = useEarlierMessages();
  return (
    <Center>
      <Button variant="subtle" size="xs" loading={earlier.isPending} onClick={() => earlier.mutate()}>
        Load earlier messages
      </Button>
    </Center>
  );
}
