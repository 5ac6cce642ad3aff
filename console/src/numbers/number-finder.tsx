import { hashKey } from "@tanstack/react-query";
import { Stack } from "@mantine/core";
import { useId, useState } from "react";
import { openDialog } from "../platform/dialogs.tsx";
import { Panel } from "../platform/panel.tsx";
import { useUser } from "../session/session.tsx";
import { useSubaccount } from "../subaccount/use-subaccount.ts";
import { BuyDialog } from "./buy-dialog.tsx";
import { ObstacleNote } from "./obstacle-note.tsx";
import { SearchForm } from "./search-form.tsx";
import { SearchResults } from "./search-results.tsx";
import { type AvailableNumber, type NumberSearch, useNumberSearch } from "./use-number-search.ts";
import { useNumbersOverview } from "./use-numbers.ts";
import { useObstacle } from "./use-obstacle.ts";

/** Searches for numbers and buys one. What forbids a purchase is said before. Operators who are no tenants have none to buy. */
export function NumberFinder() {
  const { data: subaccount } = useSubaccount();
  const { isOperator } = useUser();
  const { data: overview } = useNumbersOverview();
  const obstacle = useObstacle();
  const obstacleId = useId();
  const [search, setSearch] = useState<NumberSearch | null>(null);
  const results = useNumberSearch(search);

  function find(next: NumberSearch) {
    // The same search again: offers change.
    if (search !== null && hashKey([next]) === hashKey([search])) void results.refetch();
    else setSearch(next);
  }

  function choose(number: AvailableNumber) {
    openDialog("Buy this number?", (close) => <BuyDialog number={number} onClose={close} />);
  }

  if (isOperator && subaccount?.provisioned !== true) return null;
  return (
    <Panel title="Find a number" description="Numbers that Twilio offers now">
      <Stack gap="md">
        {obstacle != null && <ObstacleNote obstacle={obstacle} id={obstacleId} />}
        <SearchForm onSearch={find} isSearching={results.isFetching} disabled={subaccount?.status !== "active"} />
        {search !== null && (
          <SearchResults
            results={results}
            overview={overview}
            obstacleId={obstacle == null ? null : obstacleId}
            onChoose={choose}
            onMore={setSearch}
          />
        )}
      </Stack>
    </Panel>
  );
}
