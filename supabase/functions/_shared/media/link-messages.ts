import type { Message } from "../messages/list.ts";
import { type LinkDependencies, mediaLink } from "./link.ts";

/**
 * Messages with links to the files of received ones. Twilio's own URLs of those need the account's credentials. The media of
 * sent messages are at the tenant's own URLs.
 */
export async function withMediaLinks(
  messages: readonly Message[],
  seconds: number,
  dependencies: LinkDependencies,
): Promise<Message[]> {
  return await Promise.all(messages.map(async (message) => {
    if (message.direction !== "inbound" || message.media.length === 0) return message;
    const linkOf = (index: number) => mediaLink({ messageId: message.id, index }, seconds, dependencies);
    const media = await Promise.all(message.media.map(async (item, index) => ({ ...item, url: await linkOf(index) })));
    return { ...message, media };
  }));
}
