import { AppShell, Center, Group, Loader } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { AccountMenu } from "./account-menu.tsx";
import { Brand } from "../platform/brand.tsx";
import { useBackend } from "../platform/backend.tsx";
import { ColorSchemeToggle } from "../platform/color-scheme-toggle.tsx";
import { conversationId } from "../inbox/conversations.ts";
import { showUnseenFailure } from "../send-message/unseen-failure.ts";
import { SwitchboardProvider } from "../send-message/provider.tsx";
import { useUser } from "../session/session.tsx";
import { SideNavigation } from "./side-navigation.tsx";
import { TabBar } from "./tab-bar.tsx";

const OverviewScreen = lazy(async () => ({
  default: (await import("../overview/overview-screen.tsx")).OverviewScreen,
}));
const NumbersScreen = lazy(async () => ({ default: (await import("../numbers/numbers-screen.tsx")).NumbersScreen }));
const InboxScreen = lazy(async () => ({ default: (await import("../inbox/inbox-screen.tsx")).InboxScreen }));

/** Where a tenant finds what they need to send. */
const PLACES = { numbers: "#/numbers", subaccount: "#/", plan: "#/" };

/** The frame around every screen, and what dialogs and messages on their way need. */
export function Shell() {
  const { switchboard } = useBackend();
  const { id: userId } = useUser();
  const [, navigate] = useLocation();
  return (
    <SwitchboardProvider
      switchboard={switchboard}
      userId={userId}
      places={PLACES}
      onSent={({ from, to }) => navigate(`/messages/${conversationId({ own: from, peer: to })}`)}
      onFailedUnseen={(pending, settled) => showUnseenFailure(pending, settled)}
    >
      <ModalsProvider>
        <Frame />
      </ModalsProvider>
    </SwitchboardProvider>
  );
}

function Frame() {
  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: true } }}
      padding={0}
    >
      <a className="skip-link" href="#content" onClick={focusContent}>Skip to content</a>
      <AppShell.Header className="bar">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Brand />
          <Group gap="xs" wrap="nowrap">
            <ColorSchemeToggle />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="bar" p="sm" aria-label="Screens">
        <SideNavigation />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className="content">
        <Suspense fallback={<ScreenLoading />}>
          <Switch>
            <Route path="/">
              <OverviewScreen />
            </Route>
            <Route path="/numbers">
              <NumbersScreen />
            </Route>
            <Route path="/messages/:conversation?">
              {({ conversation }) => <InboxScreen conversation={conversation} />}
            </Route>
            <Route>
              <Redirect to="/" />
            </Route>
          </Switch>
        </Suspense>
      </AppShell.Main>
      <TabBar />
    </AppShell>
  );
}

function ScreenLoading() {
  return (
    <Center h="60dvh">
      <Loader aria-label="Loading the screen" />
    </Center>
  );
}

/** The hash holds the route, so the link cannot use it: move the focus here instead. */
function focusContent(event: React.MouseEvent) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}
