import { COUNTRIES } from "../../../supabase/functions/_shared/numbers/countries.ts";

/** The territories that count with the country that they belong to, as `private.mother_country` has them. */
export const MOTHER_OF: Readonly<Record<string, string>> = {
  ...{ GG: "GB", IM: "GB", JE: "GB" },
  ...{ AS: "US", GU: "US", MP: "US", PR: "US", VI: "US" },
  ...{ CC: "AU", CX: "AU", BL: "GP", MF: "GP", AX: "FI", SJ: "NO", TA: "SH", YT: "RE" },
};

/** The countries of a plan. `allowed` is null where it allows every country. */
export interface PlanCountries {
  allowed: readonly string[] | null;
  /** Territories that do not count with their country. */
  excluded: readonly string[];
}

/** Whether a list names a country, or the country of a territory that is not excluded; as `private.is_country_in` decides. */
export function isIn(country: string | null, list: readonly string[], excluded: readonly string[]): boolean {
  if (country === null) return false;
  const mother = MOTHER_OF[country];
  return list.includes(country) || (mother !== undefined && list.includes(mother) && !excluded.includes(country));
}

/** Whether a message to a country is accepted, by the plan and by the tenant's own list. */
export function isReachable(country: string | null, plan: PlanCountries, own: readonly string[] | null): boolean {
  return (plan.allowed === null || isIn(country, plan.allowed, plan.excluded)) &&
    (own === null || isIn(country, own, plan.excluded));
}

/** The countries that a tenant can choose from. */
export function offeredBy(plan: PlanCountries): string[] {
  return [...COUNTRIES].filter((country) => isReachable(country, plan, null));
}

const region = new Intl.DisplayNames(undefined, { type: "region" });

/** The name of a country (ISO 3166) in the reader's language. */
export function nameOf(country: string): string {
  try {
    return region.of(country) ?? country;
  } catch {
    return country;
  }
}

/** A country and how many conversations are with its numbers. */
export interface Unreachable {
  /** Null: the numbers are of no known country, such as short codes. */
  country: string | null;
  conversations: number;
}

/** What cannot be answered among conversations: the countries of their numbers, the most frequent first. */
export function unreachableOf(
  countries: readonly (string | null)[],
  plan: PlanCountries,
  own: readonly string[] | null,
): Unreachable[] {
  const counts = new Map<string | null, number>();
  for (const country of countries) {
    if (!isReachable(country, plan, own)) counts.set(country, (counts.get(country) ?? 0) + 1);
  }
  return [...counts].map(([country, conversations]) => ({ country, conversations }))
    .sort((a, b) => b.conversations - a.conversations);
}
