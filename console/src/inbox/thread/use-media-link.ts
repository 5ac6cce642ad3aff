import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { type ListedMessage, SwitchboardError } from "../../../../client/switchboard.ts";
import { useBackend } from "../../platform/backend.tsx";
import { hostOf } from "./file-kind.ts";
import { isValid, linkHere } from "./media-link.ts";

/** A link, or why there is none. */
export interface Renewed {
  link: string | null;
  problem: string;
}

const UNREACHABLE = "This file could not be loaded";
const GONE = "This file is no longer available";

/**
 * The link to a file of a message. A link to a received file is valid for some minutes; `renew` returns a new one. The link
 * stays the same while it is valid, so that a picture is not loaded with each poll.
 */
export function useMediaLink(message: ListedMessage, index: number) {
  const { config, switchboard } = useBackend();
  const queryClient = useQueryClient();
  const { id, direction } = message;
  const [link, setLink] = useState(() => {
    const { url } = message.media[index]!;
    if (direction === "outbound") return hostOf(url) === null ? null : url;
    return isValid(url, Date.now()) ? linkHere(url, config.supabaseUrl) : null;
  });

  const renew = useCallback(async (): Promise<Renewed> => {
    if (direction === "outbound") return { link: null, problem: UNREACHABLE };
    try {
      // One request for all files of a message.
      const { media } = await queryClient.fetchQuery({
        queryKey: ["media-links", id],
        queryFn: () => switchboard.mediaLinks({ message: id }),
        staleTime: 1_000,
      });
      const url = media[index]?.url;
      if (url === undefined) return { link: null, problem: GONE };
      const renewed = linkHere(url, config.supabaseUrl);
      setLink(renewed);
      return { link: renewed, problem: "" };
    } catch (error) {
      return { link: null, problem: isGone(error) ? GONE : UNREACHABLE };
    }
  }, [direction, id, index, queryClient, switchboard, config.supabaseUrl]);

  return { link, renew };
}

function isGone(error: unknown): boolean {
  return error instanceof SwitchboardError && error.status === 404;
}

/** Why a picture with a valid link is not shown: a browser does not say it. */
export async function problemOf(link: string): Promise<string> {
  const response = await fetch(link).catch(() => null);
  await response?.body?.cancel();
  return response !== null && [404, 410].includes(response.status) ? GONE : UNREACHABLE;
}
