import type { Capabilities, NumberType } from "./records.ts";

/** A block of available numbers with a common prefix after the country code. */
export interface NumberBlock {
  country: string;
  type: NumberType;
  prefix: string;
  /** How many digits follow the prefix. */
  digits: number;
  locality: string | null;
  region: string | null;
  postalCode: string | null;
  latitude: string | null;
  longitude: string | null;
  capabilities: Capabilities;
}

export const COUNTRIES: Record<string, { name: string; callingCode: string }> = {
  US: { name: "United States", callingCode: "1" },
  CA: { name: "Canada", callingCode: "1" },
  GB: { name: "United Kingdom", callingCode: "44" },
  AU: { name: "Australia", callingCode: "61" },
  DE: { name: "Germany", callingCode: "49" },
  SE: { name: "Sweden", callingCode: "46" },
};

const ALL_CAPABILITIES: Capabilities = { voice: true, sms: true, mms: true };
const TEXT_AND_VOICE: Capabilities = { voice: true, sms: true, mms: false };
const VOICE_ONLY: Capabilities = { voice: true, sms: false, mms: false };

type Place = [areaCode: string, locality: string, region: string, postalCode: string, lat: string, long: string];

const US_PLACES: Place[] = [
  ["415", "San Francisco", "CA", "94103", "37.773972", "-122.431297"],
  ["510", "Oakland", "CA", "94612", "37.804364", "-122.271114"],
  ["408", "San Jose", "CA", "95113", "37.338208", "-121.886329"],
  ["213", "Los Angeles", "CA", "90012", "34.052235", "-118.243683"],
  ["619", "San Diego", "CA", "92101", "32.715736", "-117.161087"],
  ["206", "Seattle", "WA", "98104", "47.608013", "-122.335167"],
  ["503", "Portland", "OR", "97204", "45.523064", "-122.676483"],
  ["702", "Las Vegas", "NV", "89101", "36.171563", "-115.139101"],
  ["602", "Phoenix", "AZ", "85004", "33.448376", "-112.074036"],
  ["303", "Denver", "CO", "80202", "39.742043", "-104.991531"],
  ["512", "Austin", "TX", "78701", "30.267153", "-97.743057"],
  ["214", "Dallas", "TX", "75201", "32.779167", "-96.808891"],
  ["713", "Houston", "TX", "77002", "29.749907", "-95.358421"],
  ["312", "Chicago", "IL", "60602", "41.881832", "-87.623177"],
  ["612", "Minneapolis", "MN", "55401", "44.986656", "-93.258133"],
  ["314", "St. Louis", "MO", "63101", "38.627003", "-90.199402"],
  ["615", "Nashville", "TN", "37201", "36.174465", "-86.767960"],
  ["404", "Atlanta", "GA", "30303", "33.753746", "-84.386330"],
  ["305", "Miami", "FL", "33128", "25.761681", "-80.191788"],
  ["407", "Orlando", "FL", "32801", "28.538336", "-81.379234"],
  ["704", "Charlotte", "NC", "28202", "35.227085", "-80.843124"],
  ["202", "Washington", "DC", "20001", "38.895111", "-77.036369"],
  ["215", "Philadelphia", "PA", "19102", "39.952583", "-75.165222"],
  ["212", "New York", "NY", "10001", "40.730610", "-73.935242"],
  ["718", "Brooklyn", "NY", "11201", "40.650002", "-73.949997"],
  ["617", "Boston", "MA", "02108", "42.361145", "-71.057083"],
  ["313", "Detroit", "MI", "48226", "42.331429", "-83.045753"],
  ["216", "Cleveland", "OH", "44113", "41.505493", "-81.681290"],
  ["808", "Hilo", "HI", "96720", "19.720000", "-155.090000"],
  ["907", "Anchorage", "AK", "99501", "61.217381", "-149.863129"],
];

const CA_PLACES: Place[] = [
  ["416", "Toronto", "ON", "M5H 2N2", "43.651070", "-79.347015"],
  ["613", "Ottawa", "ON", "K1P 1J1", "45.424721", "-75.695000"],
  ["514", "Montreal", "QC", "H2Y 1C6", "45.508888", "-73.561668"],
  ["604", "Vancouver", "BC", "V6B 1A1", "49.246292", "-123.116226"],
  ["403", "Calgary", "AB", "T2P 1J9", "51.049999", "-114.066666"],
  ["902", "Halifax", "NS", "B3J 1S9", "44.651070", "-63.582687"],
];

const NANP_TOLL_FREE = ["800", "833", "844", "855", "866", "877", "888"];

/** All blocks, in the order of search results. */
export const NUMBER_BLOCKS: NumberBlock[] = [
  ...US_PLACES.map((place) => nanpBlock("US", place)),
  ...CA_PLACES.map((place) => nanpBlock("CA", place)),
  ...["US", "CA"].flatMap((country) =>
    NANP_TOLL_FREE.map((prefix) => block(country, "toll-free", prefix, 7, ALL_CAPABILITIES))
  ),
  { ...block("GB", "local", "20", 8, VOICE_ONLY), locality: "London", region: "London", postalCode: "EC1A" },
  { ...block("GB", "local", "161", 7, VOICE_ONLY), locality: "Manchester", region: "Manchester", postalCode: "M1" },
  block("GB", "mobile", "7700", 6, TEXT_AND_VOICE),
  block("GB", "toll-free", "800", 7, VOICE_ONLY),
  { ...block("AU", "local", "2", 8, VOICE_ONLY), locality: "Sydney", region: "NSW" },
  block("AU", "mobile", "4", 8, ALL_CAPABILITIES),
  { ...block("DE", "local", "30", 8, VOICE_ONLY), locality: "Berlin", region: "Berlin" },
  block("DE", "mobile", "1573", 7, TEXT_AND_VOICE),
  block("SE", "mobile", "70", 7, TEXT_AND_VOICE),
];

function nanpBlock(country: string, [prefix, locality, region, postalCode, latitude, longitude]: Place): NumberBlock {
  return {
    ...block(country, "local", prefix, 7, ALL_CAPABILITIES),
    ...{ locality, region, postalCode, latitude, longitude },
  };
}

function block(
  country: string,
  type: NumberType,
  prefix: string,
  digits: number,
  capabilities: Capabilities,
): NumberBlock {
  return {
    ...{ country, type, prefix, digits, capabilities },
    ...{ locality: null, region: null, postalCode: null, latitude: null, longitude: null },
  };
}
