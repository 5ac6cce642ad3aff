import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";

/** Whether the tenant has ever sent a message; undefined until that is known. */
export function useHasSent(): boolean | undefined {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: ["messages", "sent"],
    queryFn: async ({ signal }) => {
      const { messages } = await switchboard.listMessages({ direction: "outbound", limit: 1 }, { signal });
      return messages.length > 0;
    },
  }).data;
}
