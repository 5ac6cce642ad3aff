import { Container } from "@mantine/core";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";

/** What needs an operator. */
export function AlertsScreen() {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Alerts" />
      <Settled>{null}</Settled>
    </Container>
  );
}
