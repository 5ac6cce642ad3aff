import { Container } from "@mantine/core";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";

/** Jobs by lane, and dead letters. */
export function QueuesScreen() {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Queues" />
      <Settled>{null}</Settled>
    </Container>
  );
}
