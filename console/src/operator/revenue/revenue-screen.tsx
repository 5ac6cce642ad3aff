import { Container } from "@mantine/core";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";

/** Revenue, cost and margin. */
export function RevenueScreen() {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Revenue" />
      <Settled>{null}</Settled>
    </Container>
  );
}
