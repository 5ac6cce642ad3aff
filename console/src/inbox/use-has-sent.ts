import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";

/** Whether the tenant has sent a message from a number of their own; undefined until that is known. */
export function useHasSent(): boolean | undefined {
  const { switchboard } = useBackend();
  return useQuery({
    queryKey: ["messages", "sent"],
    queryFn: async ({ signal }) => {
      // With a subaccount, a tenant can no longer send from a shared number: the newest message tells.
      const { messages: [newest] } = await switchboard.listMessages({ direction: "outbound", limit: 1 }, { signal });
      return newest?.source === "subaccount";
    },
  }).data;
}
