import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { ApiError } from "../platform/api-error.ts";
import { useBackend } from "../platform/backend.tsx";
import { type Draft, SendKeys } from "./send-key.ts";
import { MESSAGES_KEY } from "./use-messages.ts";

/** The answer of `send-sms`. */
export interface SentMessage {
  id: string;
  from: string;
  to: string;
  status: string;
}

/** Sends a message. A retry of the same draft after a lost answer carries the same key, so it is sent once at most. */
export function useSendMessage() {
  const { callFunction } = useBackend();
  const queryClient = useQueryClient();
  const [keys] = useState(() => new SendKeys());
  return useMutation({
    mutationFn: (draft: Draft) =>
      callFunction<SentMessage>("send-sms", {
        method: "POST",
        body: draft,
        headers: { "idempotency-key": keys.keyFor(draft) },
      }),
    onSuccess: () => keys.settle(),
    onError: (error) => {
      const isDefinite = error instanceof ApiError && !error.isTransient;
      if (isDefinite) keys.settle();
    },
    // Also after a failure: what was refused or is unknown has its row.
    onSettled: () => queryClient.invalidateQueries({ queryKey: MESSAGES_KEY }),
  });
}
