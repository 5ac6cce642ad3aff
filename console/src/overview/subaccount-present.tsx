import { Alert, Stack, Text } from "@mantine/core";
import { Ban, CirclePause } from "lucide-react";
import { SubscribeButton } from "../billing/subscribe-button.tsx";
import { Copyable } from "../platform/copyable.tsx";
import { Fact, Facts } from "../platform/facts.tsx";
import { longDate } from "../platform/dates.ts";
import type { Subaccount } from "../subaccount/use-subaccount.ts";

/** A subaccount with its SID. If it is not active, explains its status. */
export function SubaccountPresent({ subaccount }: { subaccount: Subaccount }) {
  const { status, subaccountSid, friendlyName, createdAt } = subaccount;
  return (
    <Stack gap="md">
      {status === "suspended" && (
        <Alert color="orange" variant="light" icon={<CirclePause />} title="Sending and receiving are paused">
          <Text size="sm" mb="sm">
            Your numbers are kept. Service resumes automatically once your subscription is active again.
          </Text>
          <SubscribeButton />
        </Alert>
      )}
      {status === "closed" && (
        <Alert color="gray" variant="light" icon={<Ban />} title="This subaccount is permanently closed">
          Its numbers were returned to Twilio. Your past messages stay readable here.
        </Alert>
      )}
      <Facts>
        <Fact label="SID">{subaccountSid !== null && <Copyable value={subaccountSid} label="subaccount SID" />}</Fact>
        <Fact label="Name">{friendlyName}</Fact>
        <Fact label="Created">{createdAt === null ? "Unknown" : longDate(createdAt)}</Fact>
      </Facts>
    </Stack>
  );
}
