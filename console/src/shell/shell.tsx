import { AppShell, Box, Center, Group, Loader } from "@mantine/core";
import { Suspense } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import { Boundary } from "../platform/boundary.tsx";
import { ConnectionStatus } from "../platform/connection-status.tsx";
import { pathOf } from "../inbox/conversations.ts";
import { useBackend } from "../platform/backend.tsx";
import { Brand } from "../platform/brand.tsx";
import { ColorSchemeMenu } from "../platform/color-scheme-menu.tsx";
import { Dialogs } from "../platform/dialogs.tsx";
import { CONTENT_ID } from "../platform/screen-title.tsx";
import { showUnseenOutcome } from "../send-message/unseen-outcome.ts";
import { SwitchboardProvider } from "../send-message/provider.tsx";
import { part } from "../platform/part.tsx";
import { useUser } from "../session/session.tsx";
import { SpotlightKey } from "../spotlight/spotlight-key.tsx";
import { AccountBanner } from "./account-banner.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { NotFoundScreen } from "./not-found-screen.tsx";
import { LOAD, SCREENS } from "./screens.ts";
import { SideNavigation } from "./side-navigation.tsx";
import { TabBar } from "./tab-bar.tsx";
import { useArrival } from "./use-arrival.ts";
import { usePrefetch } from "./use-prefetch.ts";

const InboxSignals = part(() => import("../inbox/inbox-signals.tsx").then(({ InboxSignals }) => InboxSignals));
const OverviewScreen = part(LOAD.overview);
const NumbersScreen = part(LOAD.numbers);
const ContactsScreen = part(LOAD.contacts);
const InboxScreen = part(LOAD.inbox);
const AccountScreen = part(LOAD.account);

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
      onSent={({ from, to }) => navigate(pathOf({ own: from, peer: to }))}
      onSettledUnseen={(pending, settled) => void showUnseenOutcome(pending, settled)}
    >
      <Dialogs>
        <Frame />
      </Dialogs>
    </SwitchboardProvider>
  );
}

function Frame() {
  useArrival();
  usePrefetch();
  const [location] = useLocation();
  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: { base: 0, sm: 84, lg: 232 }, breakpoint: "sm", collapsed: { mobile: true } }}
      padding={0}
    >
      <a className="skip-link" href={`#${CONTENT_ID}`} onClick={focusContent}>Skip to content</a>
      <AppShell.Header className="bar">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Brand />
          <ConnectionStatus />
          <Group gap="xs" wrap="nowrap">
            <SpotlightKey screens={SCREENS} />
            {/* Narrow screens have no space for it: the account and the search offer the colors, too. */}
            <Box visibleFrom="xs">
              <ColorSchemeMenu />
            </Box>
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="bar side-navigation" aria-label="Screens">
        <SideNavigation />
      </AppShell.Navbar>
      <AppShell.Main id={CONTENT_ID} tabIndex={-1} className="content">
        <AccountBanner />
        <Boundary resetKey={location}>
          <Suspense fallback={<ScreenLoading />}>
            <Switch>
              <Route path="/">
                <OverviewScreen />
              </Route>
              <Route path="/numbers">
                <NumbersScreen />
              </Route>
              <Route path="/account">
                <AccountScreen />
              </Route>
              <Route path="/inbox/:conversation?">
                {({ conversation }) => <InboxScreen conversation={conversation} />}
              </Route>
              <Route path="/contacts">
                <ContactsScreen />
              </Route>
              <Route path="/messages/:conversation?">
                {({ conversation }) => <Moved to={conversation === undefined ? "/inbox" : `/inbox/${conversation}`} />}
              </Route>
              <Route>
                <NotFoundScreen />
              </Route>
            </Switch>
          </Suspense>
        </Boundary>
      </AppShell.Main>
      <TabBar />
      {/* Without its code, the inbox is read less often. */}
      <ErrorBoundary fallback={null} onError={(error) => console.error(error)}>
        <Suspense>
          <InboxSignals />
        </Suspense>
      </ErrorBoundary>
    </AppShell>
  );
}

/** Leads an old link, with its query, to the screen's new path. */
function Moved({ to }: { to: string }) {
  const search = useSearch();
  return <Redirect to={search === "" ? to : `${to}?${search}`} replace />;
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
  document.getElementById(CONTENT_ID)?.focus();
}
