import { Container } from "@mantine/core";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";

/** The rules of a tenant for messages: webhook, keyword answers, countries, retention, opt-outs. */
export function SettingsScreen(_props: { section: string | undefined }) {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Settings" />
      <Settled>{null}</Settled>
    </Container>
  );
}
