import type { NumberSearch as Criteria, NumberType } from "../../../client/switchboard.ts";
import { countryName, hasAreaCodes } from "./countries.ts";

export type { NumberType };

/** The fields of the search form. */
export interface SearchFields {
  /** ISO 3166, in capitals. */
  country: string;
  type: NumberType;
  /** Three digits, or empty. */
  areaCode: string;
  /** 2 to 16 digits, letters or `*`, or empty. */
  contains: string;
  locality: string;
  mms: boolean;
  voice: boolean;
}

export const FIRST_SEARCH: SearchFields = {
  country: "US",
  type: "local",
  areaCode: "",
  contains: "",
  locality: "",
  mms: false,
  voice: false,
};

/** How many numbers a search returns at first, and with "Show more". The server returns at most 50. */
export const [FEW, MOST] = [20, 50] as const;

/** Whether numbers of this kind can be searched by area code. */
export function takesAreaCode({ country, type }: Pick<SearchFields, "country" | "type">): boolean {
  return hasAreaCodes(country) && type === "local";
}

/** Whether numbers of this kind belong to a place. */
export function takesLocality({ type }: Pick<SearchFields, "type">): boolean {
  return type === "local";
}

/** What is wrong with a search, by field; null where nothing is. The rules are the server's. */
export const SEARCH_RULES = {
  areaCode: (value: string, fields: SearchFields) =>
    !takesAreaCode(fields) || /^([0-9]{3})?$/.test(value.trim()) ? null : "Enter three digits, such as 415",
  contains: (value: string) =>
    /^(\+?[0-9A-Za-z*]{2,16})?$/.test(value.trim()) ? null : "Enter 2 to 16 digits, letters or *",
  locality: (value: string, fields: SearchFields) =>
    !takesLocality(fields) || value.trim().length <= 100 ? null : "Enter at most 100 characters",
};

/** The request for a search. Fields that do not apply are left out. A number that cannot send texts is never offered. */
export function criteriaOf(fields: SearchFields, limit: number): Criteria {
  const { country, type, contains, mms, voice } = fields;
  const areaCode = takesAreaCode(fields) ? fields.areaCode.trim() : "";
  const locality = takesLocality(fields) ? fields.locality.trim() : "";
  return {
    country,
    type,
    limit,
    ...(areaCode !== "" && { areaCode }),
    ...(contains.trim() !== "" && { contains: contains.trim() }),
    ...(locality !== "" && { locality }),
    ...(mms && { mms }),
    ...(voice && { voice }),
  };
}

const TYPE_NAMES: Readonly<Record<NumberType, string>> = { local: "local", mobile: "mobile", tollFree: "toll-free" };

/** `local numbers in United States with the area code 415` */
export function describeSearch({ country = "", type = "local", ...rest }: Criteria): string {
  const wishes = [
    rest.areaCode !== undefined && `the area code ${rest.areaCode}`,
    rest.contains !== undefined && `“${rest.contains}”`,
    rest.mms === true && "MMS",
    rest.voice === true && "voice",
  ].filter((wish): wish is string => wish !== false);
  const place = rest.locality === undefined ? countryName(country) : `${rest.locality}, ${countryName(country)}`;
  const withWishes = wishes.length === 0 ? "" : ` with ${wishes.join(", ")}`;
  return `${TYPE_NAMES[type]} numbers in ${place}${withWishes}`;
}
