import { Container, SimpleGrid, Stack } from "@mantine/core";
import { useUser } from "../session/session.tsx";
import { CheckoutNotice } from "../billing/checkout-notice.tsx";
import { SharedNotice } from "../numbers/shared-notice.tsx";
import { useNumbers } from "../numbers/use-numbers.ts";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";
import { FirstSteps } from "./first-steps.tsx";
import { NumbersCard } from "./numbers-card.tsx";
import { PlanCard } from "./plan-card.tsx";
import { RecentMessages } from "./recent-messages.tsx";
import { SubaccountCard } from "./subaccount-card.tsx";
import { useAccountState } from "./use-account-state.ts";

/** A summary of the tenant's account, and the next steps. An operator who is no tenant sees neither of them. */
export function OverviewScreen() {
  const { data: numbers } = useNumbers();
  const { isOperator } = useUser();
  const { state } = useAccountState();
  const isTenant = state === undefined ? !isOperator : state.phase !== "operator";
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Overview" description="Your phone system at a glance." />
      <CheckoutNotice />
      <Settled>
        <Stack gap="lg">
          {isTenant && <FirstSteps />}
          {isTenant && numbers?.notice !== undefined && <SharedNotice notice={numbers.notice} />}
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            {isTenant && <SubaccountCard />}
            {isTenant && <PlanCard />}
            {(isTenant || (numbers?.numbers.length ?? 0) > 0) && <NumbersCard />}
            <RecentMessages />
          </SimpleGrid>
        </Stack>
      </Settled>
    </Container>
  );
}
