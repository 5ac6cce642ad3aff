import { Anchor, Group, Text } from "@mantine/core";
import { FileText, ImageOff, Music, UserRound, Video } from "lucide-react";
import { useState } from "react";
import type { ListedMessage } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { type FileKind, fileKind, hostOf, isShownHere } from "./file-kind.ts";
import { Picture } from "./picture.tsx";
import { useMediaLink } from "./use-media-link.ts";

const FILE_LOOKS: Record<FileKind, { label: string; icon: typeof FileText }> = {
  picture: { label: "Picture", icon: ImageOff },
  audio: { label: "Audio", icon: Music },
  video: { label: "Video", icon: Video },
  contact: { label: "Contact card", icon: UserRound },
  pdf: { label: "PDF document", icon: FileText },
  other: { label: "File", icon: FileText },
};

export interface MediaProps {
  message: ListedMessage;
  /** A name for the other side, for the descriptions of pictures. */
  peerName: string;
}

/** The files of a message: pictures are shown, other files are links. */
export function Media({ message, peerName }: MediaProps) {
  return message.media.map((_, index) => <MediaItem key={index} message={message} index={index} peerName={peerName} />);
}

function MediaItem({ message, index, peerName }: MediaProps & { index: number }) {
  const { config } = useBackend();
  const { url, contentType } = message.media[index]!;
  const kind = fileKind(contentType, url);
  const count = message.media.length;
  const place = count === 1 ? "" : ` ${index + 1} of ${count}`;
  const isReceived = message.direction === "inbound";
  const name = `${FILE_LOOKS[kind].label}${place} ${isReceived ? `from ${peerName}` : "that you sent"}`;
  // The page shows pictures from the project only: another host would learn who reads them, and when.
  if (kind === "picture" && (isReceived || isShownHere(url, [config.supabaseUrl, location.origin]))) {
    return <Picture message={message} index={index} name={name} />;
  }
  return <FileLink message={message} index={index} name={name} kind={kind} />;
}

function FileLink(
  { message, index, name, kind }: { message: ListedMessage; index: number; name: string; kind: FileKind },
) {
  const { link, renew } = useMediaLink(message, index);
  const [problem, setProblem] = useState<string | null>(null);
  const { label, icon: Icon } = FILE_LOOKS[kind];
  const host = message.direction === "outbound" ? hostOf(message.media[index]!.url) : null;

  /** A link that has expired since the message was read is renewed before it is opened. */
  async function open(event: React.MouseEvent) {
    if (link !== null) return;
    event.preventDefault();
    // Opened at once: a browser blocks a window that is opened after a wait.
    const opened = globalThis.open("", "_blank");
    const renewed = await renew();
    if (renewed.link !== null && opened !== null) {
      opened.opener = null;
      opened.location.replace(renewed.link);
    } else {
      opened?.close();
      setProblem(renewed.problem);
    }
  }

  return (
    <div className="bubble-file">
      <Anchor
        href={link ?? "#"}
        target="_blank"
        rel="noreferrer"
        c="inherit"
        underline="always"
        aria-label={`${name} (opens in a new tab)`}
        onClick={open}
      >
        <Group gap={6} wrap="nowrap" component="span">
          <Icon size={18} aria-hidden />
          <span>{label}{host !== null && ` at ${host}`}</span>
        </Group>
      </Anchor>
      {problem !== null && <Text size="xs" role="alert">{problem}</Text>}
    </div>
  );
}
