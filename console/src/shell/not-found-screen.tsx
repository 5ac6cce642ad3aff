import { Button, Container, Group } from "@mantine/core";
import { Link } from "wouter";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { useUser } from "../session/session.tsx";
import { OPERATOR_PATH } from "./hash-location.ts";
import { OWN_OVERVIEW_PATH } from "./screens.ts";
import { useArea } from "./use-area.ts";

/** Shown for a link that leads to no screen, and to other users for a link to a screen of operators. */
export function NotFoundScreen() {
  const { isOperator } = useUser();
  const { name: area } = useArea();
  const [first, second] = isOperator ? OF_OPERATORS : OF_TENANTS;
  return (
    <Container size="lg" className="screen">
      <ScreenTitle
        title="Page not found"
        description={area === "operator"
          ? "The link is wrong, or the page has moved. Nothing is lost: every tenant is where they were."
          : "The link is wrong, or the page has moved. Nothing is lost: your messages and numbers are where they were."}
      />
      <Group gap="sm">
        <Button component={Link} href={first.path}>{first.label}</Button>
        <Button component={Link} href={second.path} variant="default">{second.label}</Button>
      </Group>
    </Container>
  );
}

const OF_TENANTS = [
  { path: "/", label: "Go to the overview" },
  { path: "/inbox", label: "Go to the inbox" },
] as const;
const OF_OPERATORS = [
  { path: `${OPERATOR_PATH}/tenants`, label: "Go to the tenants" },
  { path: OWN_OVERVIEW_PATH, label: "Go to my phone system" },
] as const;
