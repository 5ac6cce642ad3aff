import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Building2, MessageSquare } from "lucide-react";
import { useLocation } from "wouter";
import { tenantSearch } from "../phone/tenant-search.ts";
import { useBackend } from "../platform/backend.tsx";
import {
  type Action,
  FOUND,
  type Found,
  SpotlightFrame,
  type SpotlightProps,
  TYPING_MS,
  useCommonActions,
} from "./spotlight-frame.tsx";

/** The spotlight of operators: their screens, and tenants. */
export function OperatorSpotlight({ screens }: SpotlightProps) {
  const { colors, account, signOut } = useCommonActions();
  const [, navigate] = useLocation();
  const actions: Action[] = [
    {
      id: "own-phone-system",
      label: "My phone system",
      keywords: "overview inbox tenant",
      icon: MessageSquare,
      run: () => navigate("/overview"),
    },
    ...colors,
    account,
    signOut,
  ];
  return (
    <SpotlightFrame
      screens={screens}
      label="Search for screens, and for tenants by email, number, SID or id"
      actions={actions}
      useFound={useFound}
    />
  );
}

/** The tenants that match. */
function useFound(typed: string): Found {
  const { switchboard } = useBackend();
  const [, navigate] = useLocation();
  const [search] = useDebouncedValue(tenantSearch(typed), TYPING_MS);
  const isWanted = search !== "" && typed !== "";
  const tenants = useQuery({
    queryKey: ["operator", "tenants", { spotlight: search }],
    queryFn: ({ signal }) => switchboard.admin.listTenants({ search, limit: FOUND }, { signal }),
    enabled: isWanted,
  });
  return {
    groups: [[
      "Tenants",
      (isWanted ? tenants.data?.tenants ?? [] : []).map(({ userId, email, subaccountSid }): Action => ({
        id: `tenant ${userId}`,
        label: email ?? userId,
        description: subaccountSid ?? userId,
        icon: Building2,
        run: () => navigate(`/operator/tenants/${userId}`),
      })),
    ]],
    isSearching: search !== tenantSearch(typed) || tenants.isFetching,
    failure: isWanted && tenants.isError ? "Tenants could not be searched. Type more of the address" : null,
  };
}
