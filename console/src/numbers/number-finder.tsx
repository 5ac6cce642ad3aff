import { Alert, Anchor, Stack } from "@mantine/core";
import { Lock } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { Panel } from "../platform/panel.tsx";
import { useSubaccount } from "../subaccount/use-subaccount.ts";
import { BuyDialog } from "./buy-dialog.tsx";
import { SearchForm } from "./search-form.tsx";
import { SearchResults } from "./search-results.tsx";
import { type AvailableNumber, type NumberSearch, useNumberSearch } from "./use-number-search.ts";

/** Searches for numbers and buys one. Disabled until the tenant has an active subaccount. */
export function NumberFinder() {
  const { data: subaccount } = useSubaccount();
  const [search, setSearch] = useState<NumberSearch | null>(null);
  const [chosen, setChosen] = useState<AvailableNumber | null>(null);
  const results = useNumberSearch(search);
  const isActive = subaccount?.status === "active";
  return (
    <Panel title="Find a number" description="Numbers available now">
      <Stack gap="md">
        {subaccount !== undefined && !isActive && (
          <Alert color="gray" variant="light" icon={<Lock />} role="note">
            You need an active subaccount to buy numbers.{" "}
            <Anchor component={Link} href="/" inherit underline="always">View its status</Anchor>
          </Alert>
        )}
        <SearchForm onSearch={setSearch} isSearching={results.isFetching} disabled={!isActive} />
        {search !== null && <SearchResults results={results} onChoose={setChosen} />}
      </Stack>
      <BuyDialog number={chosen} onClose={() => setChosen(null)} />
    </Panel>
  );
}
