import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { linkHere } from "./media-link.ts";

/** A little less than the 15 minutes for which a link is valid. */
const VALID_MS = 13 * 60_000;

/** The files of a received message: images are shown, others are links. */
export function ReceivedMedia({ messageId }: { messageId: string }) {
  const { config, switchboard } = useBackend();
  const { data } = useQuery({
    queryKey: ["media-links", messageId],
    queryFn: () => switchboard.mediaLinks({ message: messageId }),
    staleTime: VALID_MS,
    refetchInterval: VALID_MS,
  });
  return data?.media.map(({ url, contentType }, index) => {
    const here = linkHere(url, config.supabaseUrl);
    const isImage = contentType?.startsWith("image/") ?? false;
    return (
      <Anchor key={index} href={here} target="_blank" rel="noreferrer" display="block" c="inherit" underline="always">
        {isImage
          ? <img className="bubble-image" src={here} alt={`Attachment ${index + 1}`} loading="lazy" />
          : `Attachment ${index + 1}`}
      </Anchor>
    );
  });
}
