import { Progress, Stack, Text } from "@mantine/core";
import { useTimeout } from "@mantine/hooks";
import { useState } from "react";
import { usePlanChoice } from "../billing/use-plan-choice.ts";
import { type CreateProps, SubaccountActions } from "./subaccount-absent.tsx";

/** A creation normally takes a few seconds. After this time, something else is delaying it. */
const LONGER_THAN_USUAL_MS = 15_000;

/** Shown while the subaccount is being created. The card polls, so this disappears when the subaccount is active. */
export function SubaccountPending(create: CreateProps) {
  const [isLate, setLate] = useState(false);
  const choosePlan = usePlanChoice();
  useTimeout(() => setLate(true), LONGER_THAN_USUAL_MS, { autoInvoke: true });
  return (
    <Stack gap="md" role="status">
      <Text size="sm">Your subaccount is being set up. This page updates by itself.</Text>
      <Progress value={100} animated aria-label="Setting up your subaccount" />
      {isLate && (
        <>
          <Text size="sm" c="dimmed">
            This is taking longer than usual. Your request is saved, and it is safe to try again.
            {choosePlan !== undefined && " You may need a subscription first."}
          </Text>
          <SubaccountActions {...create} />
        </>
      )}
    </Stack>
  );
}
