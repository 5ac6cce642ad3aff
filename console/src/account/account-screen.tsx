import { Container, Stack } from "@mantine/core";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { SessionNotice } from "../session/session-notice.tsx";
import { useUser } from "../session/session.tsx";
import { AppearancePanel } from "./appearance-panel.tsx";
import { EmailPanel } from "./email-panel.tsx";
import { PasswordPanel } from "./password-panel.tsx";
import { SessionsPanel } from "./sessions-panel.tsx";
import { WritingPanel } from "./writing-panel.tsx";

/** What a user can change about themselves: email, password, colors and where they are signed in. */
export function AccountScreen() {
  const { id } = useUser();
  return (
    <Container size="sm" className="screen">
      <ScreenTitle title="Account" description="How you sign in, and what the console looks like for you." />
      <Stack gap="lg" key={id}>
        <SessionNotice />
        <EmailPanel />
        <PasswordPanel />
        <AppearancePanel />
        <WritingPanel />
        <SessionsPanel />
      </Stack>
    </Container>
  );
}
