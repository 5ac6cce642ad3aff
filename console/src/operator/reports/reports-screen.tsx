import { Container } from "@mantine/core";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";

/** Sweeps, reconciliation and capacity. */
export function ReportsScreen(_props: { report: string | undefined }) {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Reports" />
      <Settled>{null}</Settled>
    </Container>
  );
}
