import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { SentMessage } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";
import { isFailure } from "../platform/failure.ts";
import { type Draft, SendKeys } from "./send-key.ts";
import { MESSAGES_KEY } from "../inbox/use-messages.ts";

export type { SentMessage };

/** Sends a message. A retry of the same draft after a lost response uses the same key, so it is sent at most once. */
export function useSendMessage() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  const [keys] = useState(() => new SendKeys());
  return useMutation({
    mutationFn: (draft: Draft) => switchboard.sendSms(draft, { idempotencyKey: keys.keyFor(draft) }),
    onSuccess: () => keys.complete(),
    onError: (error) => {
      const isDefinite = isFailure(error) && !error.isTransient;
      if (isDefinite) keys.complete();
    },
    // Also after a failure: a refused or unknown message has a row too.
    onSettled: () => queryClient.invalidateQueries({ queryKey: MESSAGES_KEY }),
  });
}
