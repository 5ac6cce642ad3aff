import { Button } from "@mantine/core";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { useClaim } from "./use-stripe-pages.ts";

/** Makes a subscription from a Payment Link the tenant's own, so that they can manage it. */
export function ClaimButton({ subscriptionId }: { subscriptionId: string }) {
  const claim = useClaim();
  return (
    <>
      <Button variant="default" loading={claim.isPending} onClick={() => claim.mutate(subscriptionId)}>
        I bought this subscription
      </Button>
      {claim.error !== null && <FailureAlert error={claim.error} w="100%" />}
    </>
  );
}
