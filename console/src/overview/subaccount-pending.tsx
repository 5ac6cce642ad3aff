import { Progress, Stack, Text } from "@mantine/core";
import { useTimeout } from "@mantine/hooks";
import { useState } from "react";
import { type CreateProps, SubaccountActions } from "./subaccount-absent.tsx";

/** A creation takes a few seconds; after this it is waiting for something else. */
const LONGER_THAN_USUAL_MS = 15_000;

/** A subaccount is on its way. The card is looked at again and again, so this goes away by itself. */
export function SubaccountPending(create: CreateProps) {
  const [isLate, setLate] = useState(false);
  useTimeout(() => setLate(true), LONGER_THAN_USUAL_MS, { autoInvoke: true });
  return (
    <Stack gap="md" role="status">
      <Text size="sm">Your subaccount is being set up. This page follows along.</Text>
      <Progress value={100} animated aria-label="Setting up your subaccount" />
      {isLate && (
        <>
          <Text size="sm" c="dimmed">
            This takes longer than usual. Your request is kept; it is safe to ask again, and a subscription may be
            needed first.
          </Text>
          <SubaccountActions {...create} />
        </>
      )}
    </Stack>
  );
}
