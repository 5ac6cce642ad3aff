const CODES = [
  "US",
  "CA",
  "GB",
  "AT",
  "AU",
  "BE",
  "BR",
  "CH",
  "CL",
  "CO",
  "CZ",
  "DE",
  "DK",
  "EE",
  "ES",
  "FI",
  "FR",
  "HK",
  "HU",
  "IE",
  "IL",
  "IT",
  "JP",
  "LT",
  "LV",
  "MX",
  "MY",
  "NL",
  "NO",
  "NZ",
  "PH",
  "PL",
  "PR",
  "PT",
  "RO",
  "SE",
  "SG",
  "SK",
  "TH",
  "ZA",
] as const;

const names = new Intl.DisplayNames(undefined, { type: "region" });

/** Countries to search in, as select options. Twilio decides which numbers are available in each. */
export const COUNTRIES = CODES.map((value) => ({ value, label: countryName(value) }));

/** The name of a country (ISO 3166) in the reader's language. */
export function countryName(code: string): string {
  try {
    return names.of(code) ?? code;
  } catch {
    return code;
  }
}

/** Whether numbers in the country have three-digit area codes. */
export function hasAreaCodes(country: string): boolean {
  return country === "US" || country === "CA";
}
