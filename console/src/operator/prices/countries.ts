import { COUNTRIES } from "../../../../supabase/functions/_shared/numbers/countries.ts";

const names = new Intl.DisplayNames(undefined, { type: "region" });

/** `United States (US)` */
export function countryName(code: string): string {
  const name = names.of(code);
  return name === undefined || name === code ? code : `${name} (${code})`;
}

/** Every country, by name. */
export function countryOptions(): { value: string; label: string }[] {
  return [...COUNTRIES].map((value) => ({ value, label: countryName(value) }))
    .sort((a, b) => a.label.localeCompare(b.label));
}
