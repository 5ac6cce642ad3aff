import { Button, Container, Group, Stack, Text } from "@mantine/core";
import { Building2, UserPlus } from "lucide-react";
import { Suspense } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { useLocation, useSearch } from "wouter";
import { EmptyState } from "../../platform/empty-state.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { part, retryParts } from "../../platform/part.tsx";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import { CsvButton } from "../lists/csv-button.tsx";
import { openProvision } from "./open-provision.tsx";
import { addressOf, EVERYTHING, isFiltered, nothingListed, queryOf, requestOf, type TenantsQuery } from "./query.ts";
import { TenantFilters } from "./tenant-filters.tsx";
import { TenantTable } from "./tenant-table.tsx";
import { useTenants } from "./use-tenants.ts";

const TenantDrawer = part(() => import("../tenant/tenant-drawer.tsx").then(({ TenantDrawer }) => TenantDrawer));

const PATH = "/operator/tenants";

/** All tenants, and the drawer of one. */
export function TenantsScreen({ tenant }: { tenant: string | undefined }) {
  const [, navigate] = useLocation();
  const query = queryOf(new URLSearchParams(useSearch()));
  const address = addressOf(query);
  const pathOf = (userId: string) => `${PATH}/${userId}${address}`;
  // A search begins a moment after the last key: a tenant who was opened meanwhile stays open.
  const change = (changed: TenantsQuery, isTyping = false) =>
    navigate(`${tenant === undefined ? PATH : `${PATH}/${tenant}`}${addressOf(changed)}`, { replace: isTyping });
  return (
    <Container size="xl" className="screen">
      <ScreenTitle
        title="Tenants"
        description="Users with a subaccount or a subscription: their usage, cost and margin."
        aside={
          <Button leftSection={<UserPlus size={16} />} onClick={() => openProvision((id) => navigate(pathOf(id)))}>
            Provision a user
          </Button>
        }
      />
      <Settled>
        <Stack gap="md">
          <TenantFilters query={query} onChange={change} />
          <TenantList query={query} pathOf={pathOf} onEverything={() => change(EVERYTHING)} />
        </Stack>
      </Settled>
      {tenant !== undefined && (
        <ErrorBoundary
          FallbackComponent={({ error, resetErrorBoundary }) => (
            <LoadFailure error={error} onRetry={resetErrorBoundary} />
          )}
          onReset={retryParts}
          resetKeys={[tenant]}
          onError={(error) => console.error(error)}
        >
          <Suspense fallback={null}>
            <TenantDrawer userId={tenant} onClose={() => navigate(`${PATH}${address}`)} />
          </Suspense>
        </ErrorBoundary>
      )}
    </Container>
  );
}

interface TenantListProps {
  query: TenantsQuery;
  /** The path of a tenant's drawer over this list. */
  pathOf: (userId: string) => string;
  /** Removes all filters. */
  onEverything: () => void;
}

function TenantList({ query, pathOf, onEverything }: TenantListProps) {
  const { pages, error, refetch, isPlaceholderData, isCutShort, hasNextPage, fetchNextPage, isFetchingNextPage } =
    useTenants(query);
  if (pages === undefined) {
    return error === null ? null : <TenantsFailure error={error} onRetry={() => void refetch()} />;
  }
  const count = pages.reduce((sum, { tenants }) => sum + tenants.length, 0);
  const more = hasNextPage && (
    <Button
      variant="default"
      loading={isFetchingNextPage}
      onClick={() => void fetchNextPage()}
    >
      {isCutShort ? "Search on" : "More tenants"}
    </Button>
  );
  return (
    <>
      {error !== null && <TenantsFailure error={error} onRetry={() => void refetch()} />}
      {count === 0
        ? (
          <EmptyState
            icon={<Building2 />}
            title={isCutShort ? "None found so far" : nothingListed(query)}
            action={more ||
              (isFiltered(query) && <Button variant="light" onClick={onEverything}>Show all tenants</Button>)}
          >
            {emptyText(query, isCutShort)}
          </EmptyState>
        )
        : (
          <>
            <Group justify="space-between" gap="sm">
              <Text size="sm" c="dimmed" role="status">
                {shownInWords(count, hasNextPage)}
                {isCutShort && " The search has looked at many tenants, and there are more."}
              </Text>
              <CsvButton list="tenants" query={requestOf(query)} />
            </Group>
            <div className={isPlaceholderData ? "search-old" : undefined} aria-busy={isPlaceholderData}>
              <TenantTable pages={pages} pathOf={pathOf} />
            </div>
            {more}
            <Text size="xs" c="dimmed">
              Usage, cost and margin are of each tenant’s billing period, before what their plan includes. The line
              shows their messages of 30 days.
            </Text>
          </>
        )}
    </>
  );
}

function shownInWords(count: number, isMore: boolean): string {
  const tenants = `${new Intl.NumberFormat().format(count)} ${count === 1 ? "tenant" : "tenants"}`;
  return isMore ? `The first ${tenants}.` : `${tenants}.`;
}

function emptyText(query: TenantsQuery, isCutShort: boolean): string {
  if (isCutShort) return "The search has looked at many tenants, and there are more.";
  if (query.search !== undefined) {
    return "Search for the beginning of an email address, or for a whole number, subaccount SID or user id.";
  }
  if (isFiltered(query)) return "Other tenants are listed without these filters.";
  return "A user becomes a tenant with their first subscription or subaccount. You can provision a user yourself.";
}

/** A search may find too much: then the next step is to type on. */
function TenantsFailure({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const details = (error as { details?: readonly { code: string }[] }).details ?? [];
  if (details.some(({ code }) => code === "too_many_found")) {
    return (
      <EmptyState icon={<Building2 />} title="Too many tenants match">
        More than 1,000 addresses begin like this. Type more of the address.
      </EmptyState>
    );
  }
  return <LoadFailure error={error} onRetry={onRetry} />;
}
