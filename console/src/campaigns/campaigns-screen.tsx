import { Container } from "@mantine/core";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";

/** The campaigns of a tenant, a new one, and one with its results. */
export function CampaignsScreen(_props: { campaign: string | undefined }) {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Campaigns" />
      <Settled>{null}</Settled>
    </Container>
  );
}
