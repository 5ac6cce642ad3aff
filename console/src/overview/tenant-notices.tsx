import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useBackend } from "../platform/backend.tsx";
import { rowsOf } from "../platform/read-rows.ts";
import { useUser } from "../session/session.tsx";
import { currentNotices } from "./notices.ts";

const POLL_MS = 30_000;

/** What the tenant must know now, such as a used spend limit. Renders nothing without notices. */
export function TenantNotices() {
  const { supabase } = useBackend();
  const { id: userId } = useUser();
  const { data: notices = [] } = useQuery({
    queryKey: ["tenant-notices"],
    queryFn: async () =>
      rowsOf(
        "notices",
        await supabase.from("tenant_notices").select("id, kind, details").eq("user_id", userId)
          .order("raised_at", { ascending: false }).limit(20),
      ),
    refetchInterval: POLL_MS,
  });
  return (
    <>
      {currentNotices(notices, new Date()).map(({ id, color, text }) => (
        <Alert key={id} variant="light" color={color} icon={<TriangleAlert />} role="note">{text}</Alert>
      ))}
    </>
  );
}
