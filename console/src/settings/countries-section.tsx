import { Alert, MultiSelect, Radio, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Info } from "lucide-react";
import { useMemo } from "react";
import { useBilling } from "../billing/use-billing.ts";
import { countryOf } from "../phone/phone-format.ts";
import { useBackend } from "../platform/backend.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { Panel } from "../platform/panel.tsx";
import { rowsOf } from "../platform/read-rows.ts";
import { nameOf, offeredBy, type PlanCountries, unreachableOf } from "./countries.ts";
import { FieldConflict } from "./field-conflict.tsx";
import type { LoadedRules } from "./use-rules.ts";

/** The countries that messages may go to. */
export function CountriesSection({ rules }: { rules: LoadedRules }) {
  const { plan, countries, error, refetch } = usePlanCountries();
  return (
    <Panel
      title="Countries"
      description="Messages to other countries are refused before they are sent and cost nothing."
    >
      {countries !== undefined && <Choice rules={rules} planName={plan} countries={countries} />}
      {countries === undefined && error !== null && <LoadFailure error={error} onRetry={refetch} />}
      {countries === undefined && error === null && (
        <Loading
          h={180}
          label="Loading the countries of your plan"
        />
      )}
    </Panel>
  );
}

interface ChoiceProps {
  rules: LoadedRules;
  planName: string;
  countries: PlanCountries;
}

function Choice({ rules, planName, countries }: ChoiceProps) {
  const { editing: { draft: { allowedCountries: chosen } }, edit, shownProblems } = rules;
  const offered = useMemo(() => offeredBy(countries), [countries]);
  const outside = chosen?.filter((country) => !offered.includes(country)) ?? [];
  const options = useMemo(
    () =>
      [...offered, ...outside].map((value) => ({
        value,
        label: offered.includes(value) ? nameOf(value) : `${nameOf(value)} (not in your plan)`,
      })).sort((a, b) => a.label.localeCompare(b.label)),
    [offered, outside.join()],
  );
  return (
    <Stack gap="md">
      <Radio.Group
        aria-label="Countries that messages may go to"
        value={chosen === null ? "plan" : "some"}
        onChange={(value) =>
          edit({ allowedCountries: value === "plan" ? null : rules.editing.base.allowedCountries ?? [] })}
      >
        <Stack gap="sm">
          <Radio
            value="plan"
            label="Every country of your plan"
            description={countries.allowed === null
              ? `${planName} has no limit on countries`
              : `${planName} has ${countries.allowed.length} countries. If your plan changes, this changes with it`}
          />
          <Radio value="some" label="Only the countries that I choose" />
        </Stack>
      </Radio.Group>
      {chosen !== null && (
        <div>
          <MultiSelect
            id="allowedCountries"
            label="Chosen countries"
            description={`As your plan allows. A country includes its territories${
              countries.excluded.length > 0
                ? ", except those that your plan leaves out"
                : ", such as Puerto Rico with the United States"
            }`}
            placeholder={chosen.length === 0 ? "Choose countries" : ""}
            data={options}
            value={[...chosen]}
            searchable
            clearable
            hidePickedOptions
            nothingFoundMessage="No such country in your plan"
            maxDropdownHeight="min(260px, 40dvh)"
            clearButtonProps={{ "aria-label": "Remove all countries" }}
            error={shownProblems.allowedCountries}
            onChange={(allowedCountries) => edit({ allowedCountries })}
          />
          {outside.length > 0 && (
            <Text size="sm" mt={6} className="setting-warning">
              Your plan does not include {outside.map(nameOf).join(", ")}: messages there are refused anyway.
            </Text>
          )}
        </div>
      )}
      <FieldConflict field="allowedCountries" rules={rules} />
      <Excluded chosen={chosen} countries={countries} />
    </Stack>
  );
}

/** What happens to conversations with numbers of countries that are left out. */
function Excluded({ chosen, countries }: { chosen: readonly string[] | null; countries: PlanCountries }) {
  const { switchboard } = useBackend();
  const { data } = useQuery({
    queryKey: ["conversations", "countries"],
    queryFn: async ({ signal }) => {
      const { conversations } = await switchboard.listConversations({ limit: 200 }, { signal });
      return conversations.map((conversation) => countryOf(conversation.with));
    },
    staleTime: 60_000,
    meta: { isAside: true },
  });
  const found = data === undefined ? [] : unreachableOf(data, countries, chosen);
  const total = found.reduce((sum, { conversations }) => sum + conversations, 0);
  return (
    <Alert color="blue" variant="light" icon={<Info />} title="Conversations with other countries">
      <Text size="sm">
        They stay in your inbox, and what these numbers write still arrives. You cannot answer them, campaigns skip
        them, and they get no answer of yours to a keyword.
      </Text>
      {found.length > 0 && (
        <Text size="sm" mt={6} fw={600}>
          {total === 1 ? "1 of your latest conversations is" : `${total} of your latest conversations are`} concerned:
          {" "}
          {found.slice(0, 5).map(({ country, conversations }) =>
            `${country === null ? "unknown country" : nameOf(country)} (${conversations})`
          ).join(", ")}
          {found.length > 5 && ` and ${found.length - 5} more countries`}
        </Text>
      )}
    </Alert>
  );
}

/** The countries of the plan in force. */
function usePlanCountries() {
  const { supabase } = useBackend();
  const { billing, error, refetch } = useBilling();
  const key = billing?.plan?.key;
  const read = useQuery({
    queryKey: ["plans", "countries", key],
    queryFn: async (): Promise<PlanCountries> => {
      const rows = rowsOf(
        "plan",
        await supabase.from("plans").select("allowed_countries, excluded_territories").eq("key", key!),
      );
      return { allowed: rows[0]?.allowed_countries ?? null, excluded: rows[0]?.excluded_territories ?? [] };
    },
    enabled: key !== undefined,
  });
  return {
    plan: billing?.plan?.name ?? "Your plan",
    // Without a plan the database names none, so nothing is left out here: the server decides.
    countries: billing?.plan === null ? { allowed: null, excluded: [] } : read.data,
    error: read.error ?? error,
    refetch: () => void Promise.all([refetch(), read.refetch()]),
  };
}
