import { AppShell, Center, Group, Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Redirect, Route, Switch, useLocation, useSearch } from "wouter";
import { Boundary } from "../platform/boundary.tsx";
import { Brand } from "../platform/brand.tsx";
import { ColorSchemeToggle } from "../platform/color-scheme-toggle.tsx";
import { ConnectionStatus } from "../platform/connection-status.tsx";
import { CONTENT_ID } from "../platform/screen-title.tsx";
import { AccountBanner } from "./account-banner.tsx";
import { AccountMenu } from "./account-menu.tsx";
import { NotFoundScreen } from "./not-found-screen.tsx";
import { LOAD } from "./screens.ts";
import { SideNavigation } from "./side-navigation.tsx";
import { TabBar } from "./tab-bar.tsx";
import { useArrival } from "./use-arrival.ts";
import { usePrefetch } from "./use-prefetch.ts";

const OverviewScreen = lazy(LOAD.overview);
const NumbersScreen = lazy(LOAD.numbers);
const InboxScreen = lazy(LOAD.inbox);

/** The frame around every screen. */
export function Shell() {
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
            <ColorSchemeToggle />
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
              <Route path="/inbox/:conversation?">
                {({ conversation }) => <InboxScreen conversation={conversation} />}
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
