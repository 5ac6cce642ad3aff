import { Container } from "@mantine/core";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";

/** What a tenant has used and pays, their statements and their plan. */
export function UsageScreen(_props: { statement: string | undefined }) {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Usage" />
      <Settled>{null}</Settled>
    </Container>
  );
}
