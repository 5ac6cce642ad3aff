import { Alert, Anchor, Stack } from "@mantine/core";
import { Lock } from "react-feather";
import { useState } from "react";
import { Link } from "wouter";
import { Panel } from "../platform/panel.tsx";
import { useSubaccount } from "../subaccount/use-subaccount.ts";
import { BuyDialog } from "./buy-dialog.tsx";
import { SearchForm } from "./search-form.tsx";
import { SearchResults } from "./search-results.tsx";
import { type AvailableNumber, type NumberSearch, useNumberSearch } from "./use-number-search.ts";

/** Search, choose, buy. Locked until there is an active subaccount to buy with. */
export function NumberFinder() {
  const { data: subaccount } = useSubaccount();
  const [search, setSearch] = useState<NumberSearch | null>(null);
  const [chosen, setChosen] = useState<AvailableNumber | null>(null);
  const results = useNumberSearch(search);
  const isActive = subaccount?.status === "active";
  return (
    <Panel title="Find a number" description="Numbers on offer right now">
      <Stack gap="md">
        {subaccount !== undefined && !isActive && (
          <Alert color="gray" variant="light" icon={<Lock />} role="note">
            Numbers are bought with an active subaccount of your own.{" "}
            <Anchor component={Link} href="/" inherit underline="always">See how yours stands</Anchor>
          </Alert>
        )}
        <SearchForm onSearch={setSearch} isSearching={results.isFetching} disabled={!isActive} />
        {search !== null && <SearchResults results={results} onChoose={setChosen} />}
      </Stack>
      <BuyDialog number={chosen} onClose={() => setChosen(null)} />
    </Panel>
  );
}
