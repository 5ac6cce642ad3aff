import { Container, SimpleGrid, Stack } from "@mantine/core";
import { CheckoutNotice } from "../billing/checkout-notice.tsx";
import { PlanCard } from "../billing/plan-card.tsx";
import { SharedNotice } from "../numbers/shared-notice.tsx";
import { useNumbers } from "../numbers/use-numbers.ts";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";
import { SubaccountCard } from "./subaccount-card.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { NumbersCard } from "./numbers-card.tsx";
import { RecentMessages } from "./recent-messages.tsx";
import { TenantNotices } from "./tenant-notices.tsx";

/** A summary of the tenant's account, and the next steps. */
export function OverviewScreen() {
  const { data: numbers } = useNumbers();
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Overview" description="Your phone system at a glance." />
      <CheckoutNotice />
      <Settled>
        <Stack gap="lg">
          <TenantNotices />
          <FirstSteps />
          {numbers?.notice !== undefined && <SharedNotice notice={numbers.notice} />}
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <SubaccountCard />
            <PlanCard />
            <NumbersCard />
            <RecentMessages />
          </SimpleGrid>
        </Stack>
      </Settled>
    </Container>
  );
}
