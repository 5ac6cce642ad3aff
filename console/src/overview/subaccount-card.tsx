import { Skeleton } from "@mantine/core";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Panel } from "../platform/panel.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { SubaccountAbsent } from "./subaccount-absent.tsx";
import { SubaccountPending } from "./subaccount-pending.tsx";
import { SubaccountPresent } from "./subaccount-present.tsx";
import { type Subaccount, useCreateSubaccount, useSubaccount } from "../subaccount/use-subaccount.ts";

/** The tenant's Twilio subaccount: its status, or how to get one. */
export function SubaccountCard() {
  const { data, error, isPending, refetch } = useSubaccount();
  return (
    <Panel
      title="Subaccount"
      description="Your isolated account at Twilio"
      aside={data?.status && <StatusBadge status={data.status} />}
    >
      {data !== undefined && <SubaccountState subaccount={data} />}
      {data === undefined && isPending && <Skeleton h={110} aria-label="Loading your subaccount" />}
      {data === undefined && error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
    </Panel>
  );
}

function SubaccountState({ subaccount }: { subaccount: Subaccount }) {
  const creation = useCreateSubaccount();
  const { isPending, error } = creation;
  const create = { onCreate: () => creation.mutate(), isCreating: isPending, error };
  if (subaccount.provisioned) return <SubaccountPresent subaccount={subaccount} />;
  if (creation.isPending || subaccount.status === "pending") return <SubaccountPending {...create} />;
  return <SubaccountAbsent {...create} />;
}
