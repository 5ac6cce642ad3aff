import { Alert, Badge, Stack, Text } from "@mantine/core";
import { Ban, CirclePause } from "lucide-react";
import { SubscribeButton } from "../billing/subscribe-button.tsx";
import { Copyable } from "../platform/copyable.tsx";
import { longDate } from "../platform/dates.ts";
import { Fact, Facts } from "../platform/facts.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import { type Subaccount, useCreateSubaccount } from "../subaccount/use-subaccount.ts";
import type { AccountState } from "./account-state.ts";
import { SubaccountAbsent } from "./subaccount-absent.tsx";
import { SubaccountPending } from "./subaccount-pending.tsx";
import { useAccountState } from "./use-account-state.ts";

/** The tenant's Twilio subaccount: its status, or how to get one. */
export function SubaccountCard() {
  const { state, facts, error, refetch } = useAccountState();
  const badge = state?.badge ?? null;
  return (
    <Panel
      title="Subaccount"
      description="Your isolated account at Twilio"
      aside={badge !== null && (
        <Badge variant="light" color={badge.color} size="lg" radius="sm" tt="none">{badge.label}</Badge>
      )}
    >
      {state !== undefined && facts !== undefined && <SubaccountState state={state} subaccount={facts.subaccount} />}
      {state === undefined && error === null && <Loading h={110} label="Loading your subaccount" />}
      {state === undefined && error !== null && <LoadFailure error={error} onRetry={refetch} />}
    </Panel>
  );
}

function SubaccountState({ state, subaccount }: { state: AccountState; subaccount: Subaccount }) {
  const creation = useCreateSubaccount();
  const { isPending, error } = creation;
  const create = { onCreate: () => creation.mutate(), isCreating: isPending, error };
  if (state.phase === "starting" || (isPending && !subaccount.provisioned)) return <SubaccountPending {...create} />;
  if (state.phase === "none") return <SubaccountAbsent {...create} />;
  return <SubaccountPresent state={state} subaccount={subaccount} />;
}

function SubaccountPresent(
  { state: { phase, explanation }, subaccount }: { state: AccountState; subaccount: Subaccount },
) {
  const { subaccountSid, createdAt } = subaccount;
  return (
    <Stack gap="md">
      {explanation !== null && (
        <Alert
          color={phase === "closed" ? "gray" : phase === "resuming" ? "blue" : "orange"}
          variant="light"
          icon={phase === "closed" ? <Ban /> : <CirclePause />}
          title={explanation.title}
        >
          <Text size="sm" mb="sm">{explanation.text}</Text>
          {phase !== "closed" && phase !== "held" && <SubscribeButton />}
        </Alert>
      )}
      <Facts>
        <Fact label="Twilio account SID">
          {subaccountSid !== null && <Copyable value={subaccountSid} label="Twilio account SID" />}
        </Fact>
        <Fact label="Created">{createdAt === null ? "Unknown" : longDate(createdAt)}</Fact>
      </Facts>
    </Stack>
  );
}
