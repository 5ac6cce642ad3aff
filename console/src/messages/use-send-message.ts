import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { SentMessage } from "../../../client/switchboard.ts";
import { useBackend } from "../platform/backend.tsx";
import { isFailure } from "../platform/failure.ts";
import { type Draft, SendKeys } from "./send-key.ts";
import { MESSAGES_KEY } from "./use-messages.ts";

export type { SentMessage };

/** Sends a message. A retry of the same draft after a lost answer carries the same key, so it is sent once at most. */
export function useSendMessage() {
  const { switchboard } = useBackend();
  const queryClient = useQueryClient();
  const [keys] = useState(() => new SendKeys());
  return useMutation({
    mutationFn: (draft: Draft) => switchboard.sendSms(draft, { idempotencyKey: keys.keyFor(draft) }),
    onSuccess: () => keys.settle(),
    onError: (error) => {
      const isDefinite = isFailure(error) && !error.isTransient;
      if (isDefinite) keys.settle();
    },
    // Also after a failure: what was refused or is unknown has its row.
    onSettled: () => queryClient.invalidateQueries({ queryKey: MESSAGES_KEY }),
  });
}
