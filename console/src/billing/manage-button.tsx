import { Button } from "@mantine/core";
import { ArrowUpRight } from "lucide-react";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { useBillingPortal } from "./use-stripe-pages.ts";

/** Leads to Stripe's billing portal, which has the cards and invoices. The other buttons change the plan and cancel. */
export function ManageButton() {
  const portal = useBillingPortal();
  return (
    <>
      <Button
        variant="default"
        rightSection={<ArrowUpRight size={15} />}
        loading={portal.isPending || portal.isSuccess}
        onClick={() => portal.mutate()}
      >
        Manage subscription
      </Button>
      {portal.error !== null && <FailureAlert error={portal.error} w="100%" />}
    </>
  );
}
