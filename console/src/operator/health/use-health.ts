import { useQuery } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";

/** The state of the installation, which several screens show a part of. */
export const HEALTH_KEY = ["operator", "health"];
const POLL_MS = 15_000;

/** Reads the state of the installation, and again while a screen shows it. */
export function useHealth() {
  const { switchboard: { admin } } = useBackend();
  return useQuery({
    queryKey: HEALTH_KEY,
    queryFn: ({ signal }) => admin.health({ signal }),
    refetchInterval: POLL_MS,
  });
}
