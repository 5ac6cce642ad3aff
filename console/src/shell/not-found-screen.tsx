import { Button, Container, Group } from "@mantine/core";
import { Link } from "wouter";
import { ScreenTitle } from "../platform/screen-title.tsx";

/** Shown for a link that leads to no screen. */
export function NotFoundScreen() {
  return (
    <Container size="lg" className="screen">
      <ScreenTitle
        title="Page not found"
        description="The link is wrong, or the page has moved. Nothing is lost: your messages and numbers are where they were."
      />
      <Group gap="sm">
        <Button component={Link} href="/">Go to the overview</Button>
        <Button component={Link} href="/inbox" variant="default">Go to the inbox</Button>
      </Group>
    </Container>
  );
}
