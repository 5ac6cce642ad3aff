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
import { OPERATOR_PATH } from "./hash-location.ts";
import { LOAD, LOAD_OPERATOR, OWN_OVERVIEW_PATH } from "./screens.ts";
import { SideNavigation } from "./side-navigation.tsx";
import { TabBar } from "./tab-bar.tsx";
import { useAccent, useArea } from "./use-area.ts";
import { useArrival } from "./use-arrival.ts";
import { usePrefetch } from "./use-prefetch.ts";

const InboxSignals = part(() => import("../inbox/inbox-signals.tsx").then(({ InboxSignals }) => InboxSignals));
const OverviewScreen = part(LOAD.overview);
const NumbersScreen = part(LOAD.numbers);
const ContactsScreen = part(LOAD.contacts);
const InboxScreen = part(LOAD.inbox);
const CampaignsScreen = part(LOAD.campaigns);
const UsageScreen = part(LOAD.usage);
const SettingsScreen = part(LOAD.settings);
const AccountScreen = part(LOAD.account);
const TenantsScreen = part(LOAD_OPERATOR.tenants);
const AlertsScreen = part(LOAD_OPERATOR.alerts);
const QueuesScreen = part(LOAD_OPERATOR.queues);
const ReportsScreen = part(LOAD_OPERATOR.reports);
const RevenueScreen = part(LOAD_OPERATOR.revenue);
const PricesScreen = part(LOAD_OPERATOR.prices);

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
  const { isOperator } = useUser();
  const { name: area, screens } = useArea();
  useAccent(area);
  return (
    <AppShell
      header={{ height: 60 }}
      navbar={{ width: { base: 0, sm: 84, lg: 232 }, breakpoint: "sm", collapsed: { mobile: true } }}
      padding={0}
    >
      <a className="skip-link" href={`#${CONTENT_ID}`} onClick={focusContent}>Skip to content</a>
      <AppShell.Header className="bar">
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Brand badge={area === "operator" ? "Operator" : undefined} />
          <ConnectionStatus />
          <Group gap="xs" wrap="nowrap">
            <SpotlightKey area={area} screens={screens} />
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
        {area === "tenant" && <AccountBanner />}
        <Boundary resetKey={location}>
          <Suspense fallback={<ScreenLoading />}>
            <Switch>
              <Route path="/">
                {isOperator ? <Redirect to={OPERATOR_PATH} replace /> : <OverviewScreen />}
              </Route>
              {isOperator && (
                <Route path={OWN_OVERVIEW_PATH}>
                  <OverviewScreen />
                </Route>
              )}
              {isOperator && (
                <Route path={`${OPERATOR_PATH}/*?`}>
                  <OperatorScreens />
                </Route>
              )}
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
              <Route path="/campaigns/:campaign?">
                {({ campaign }) => <CampaignsScreen campaign={campaign} />}
              </Route>
              <Route path="/usage/:statement?">
                {({ statement }) => <UsageScreen statement={statement} />}
              </Route>
              <Route path="/settings/:section?">
                {({ section }) => <SettingsScreen section={section} />}
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
      {area === "tenant" && (
        <ErrorBoundary fallback={null} onError={(error) => console.error(error)}>
          <Suspense>
            <InboxSignals />
          </Suspense>
        </ErrorBoundary>
      )}
    </AppShell>
  );
}

/** What operators see. Other users have no such routes: the functions refuse their calls as well. */
function OperatorScreens() {
  return (
    <Switch>
      <Route path={OPERATOR_PATH}>
        <Redirect to={`${OPERATOR_PATH}/tenants`} replace />
      </Route>
      <Route path={`${OPERATOR_PATH}/tenants/:tenant?`}>
        {({ tenant }) => <TenantsScreen tenant={tenant} />}
      </Route>
      <Route path={`${OPERATOR_PATH}/alerts`}>
        <AlertsScreen />
      </Route>
      <Route path={`${OPERATOR_PATH}/queues`}>
        <QueuesScreen />
      </Route>
      <Route path={`${OPERATOR_PATH}/reports/:report?`}>
        {({ report }) => <ReportsScreen report={report} />}
      </Route>
      <Route path={`${OPERATOR_PATH}/revenue/:tab?`}>
        {({ tab }) => <RevenueScreen tab={tab} />}
      </Route>
      <Route path={`${OPERATOR_PATH}/prices/:tab?`}>
        {({ tab }) => <PricesScreen tab={tab} />}
      </Route>
      <Route>
        <NotFoundScreen />
      </Route>
    </Switch>
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
