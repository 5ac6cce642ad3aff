import { Anchor, Text } from "@mantine/core";
import { timeOfDay } from "../platform/dates.ts";
import type { Message } from "./message.ts";
import { MessageStatus } from "./message-status.tsx";
import { ReceivedMedia } from "./received-media.tsx";

/** One message: its text, media, time and delivery status. */
export function Bubble({ message }: { message: Message }) {
  const { direction, body, media_urls: mediaUrls, source, created_at: createdAt } = message;
  const isOurs = direction === "outbound";
  return (
    <li
      className={isOurs ? "bubble bubble-ours" : "bubble bubble-theirs"}
      aria-label={isOurs ? "Sent message" : "Received message"}
    >
      <div className="bubble-body">
        {body}
        {!isOurs && mediaUrls.length > 0 && <ReceivedMedia messageId={message.id} />}
        {isOurs &&
          mediaUrls.map((url, index) => (
            <Anchor
              key={url}
              href={url}
              target="_blank"
              rel="noreferrer"
              display="block"
              c="inherit"
              underline="always"
            >
              Attachment {index + 1}
            </Anchor>
          ))}
      </div>
      <div className="bubble-foot">
        <Text span size="xs" c="dimmed">{timeOfDay(createdAt)}</Text>
        {isOurs && <MessageStatus message={message} />}
        {source === "master" && <Text span size="xs" c="dimmed">sent through the shared master account</Text>}
      </div>
    </li>
  );
}
