import { Button, Center, Stack, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useBackend } from "../../platform/backend.tsx";
import { LoadFailure } from "../../platform/load-failure.tsx";
import { Loading } from "../../platform/loading.tsx";
import { AuditLines } from "../actions/audit-lines.tsx";
import { TenantCsv } from "../lists/csv-button.tsx";
import { Subject } from "./subject.tsx";
import { keyOf } from "./use-tenant.ts";

const PAGE = 30;

/** The lines of the audit log of a tenant, newest first. */
export function TimelineTab({ userId }: { userId: string }) {
  const { switchboard: { admin } } = useBackend();
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery({
    queryKey: [...keyOf(userId), "timeline"],
    queryFn: ({ pageParam }) =>
      admin.timeline(userId, { limit: PAGE, ...(pageParam !== null && { cursor: pageParam }) }),
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    meta: { isAside: true },
  });
  const lines = data?.pages.flatMap(({ entries }) => entries) ?? [];
  return (
    <Subject title="Timeline" aside={<TenantCsv userId={userId} part="timeline" />}>
      {data === undefined && (error === null
        ? <Loading h={240} label="Loading the timeline" />
        : <LoadFailure error={error} onRetry={() => void refetch()} />)}
      {data !== undefined && lines.length === 0 && (
        <Text size="sm" c="dimmed">Nothing was done for this tenant yet.</Text>
      )}
      {lines.length > 0 && (
        <Stack gap="md">
          <AuditLines lines={lines} />
          {error !== null && <LoadFailure error={error} onRetry={() => void fetchNextPage()} />}
          {hasNextPage && error === null && (
            <Center>
              <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                Show earlier lines
              </Button>
            </Center>
          )}
        </Stack>
      )}
    </Subject>
  );
}
