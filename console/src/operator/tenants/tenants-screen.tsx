import { Container } from "@mantine/core";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";

/** All tenants, and the drawer of one. */
export function TenantsScreen(_props: { tenant: string | undefined }) {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Tenants" />
      <Settled>{null}</Settled>
    </Container>
  );
}
