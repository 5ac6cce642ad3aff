import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";
import { rowsOf } from "../platform/read-rows.ts";
import { useUser } from "../session/session.tsx";
import type { Notice } from "./notices.ts";

const POLL_MS = 60_000;

/** The latest notices to the tenant. */
export function useNotices() {
  const { supabase } = useBackend();
  const { id: userId } = useUser();
  return useQuery({
    queryKey: ["tenant-notices"],
    queryFn: async (): Promise<Notice[]> => {
      const rows = rowsOf(
        "notices",
        await supabase.from("tenant_notices").select("id, kind, details").eq("user_id", userId)
          .order("raised_at", { ascending: false }).limit(20),
      );
      return rows.map(({ details, ...row }) => ({ ...row, details: details as Notice["details"] }));
    },
    refetchInterval: POLL_MS,
    meta: { isAside: true },
  });
}
