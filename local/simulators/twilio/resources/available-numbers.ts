import { booleanOf } from "../booleans.ts";
import { invalidParameter, notFound } from "../errors.ts";
import {
  containsPattern,
  friendlyNumber,
  type OfferedNumber,
  offeredNumbers,
  wantedAreaCode,
} from "../number-inventory.ts";
import { COUNTRIES, NUMBER_BLOCKS, type NumberBlock } from "../number-places.ts";
import { pageSizeOf } from "../paging.ts";
import type { NumberType } from "../records.ts";
import { type Regulation, regulationOf, type Regulations } from "../regulation.ts";
import type { Answer, ApiCall, Route } from "../router.ts";

const BASE = "/2010-04-01/Accounts/:account/AvailablePhoneNumbers";

/** Twilio's path segment and JSON key of each type. */
const TYPES: Record<NumberType, { segment: string; key: string }> = {
  "local": { segment: "Local", key: "local" },
  "mobile": { segment: "Mobile", key: "mobile" },
  "toll-free": { segment: "TollFree", key: "toll_free" },
};

/** `/AvailablePhoneNumbers`: the countries and the available numbers in each. */
export const availableNumberRoutes: Route[] = [
  { method: "GET", pattern: BASE, handle: listCountries },
  { method: "GET", pattern: `${BASE}/:country`, handle: fetchCountry },
  { method: "GET", pattern: `${BASE}/:country/:type`, handle: searchNumbers },
];

function listCountries({ account, path }: ApiCall): Answer {
  const countries = Object.keys(COUNTRIES).map((code) => countryBody(account.sid, code));
  return { status: 200, body: { countries, uri: path } };
}

function fetchCountry({ account, params, path }: ApiCall): Answer {
  const code = params["country"] ?? "";
  if (!COUNTRIES[code]) throw notFound(path);
  return { status: 200, body: countryBody(account.sid, code) };
}

function searchNumbers({ simulation, params, query, path }: ApiCall): Answer {
  const blocks = NUMBER_BLOCKS.filter((block) =>
    block.country === params["country"] && TYPES[block.type].segment === params["type"]
  );
  if (blocks.length === 0) throw notFound(path);
  const size = pageSizeOf(query);
  const contains = wantedPattern(query.get("Contains"));
  const found: OfferedNumber[] = [];
  const { regulations } = simulation.settings;
  const wanted = blocks.filter((block) =>
    isWantedBlock(block, regulationOf(regulations, { isoCountry: block.country, type: block.type }).address, query)
  );
  for (const offered of offeredNumbers(wanted, simulation.store.takenNumbers())) {
    if (found.length === size) break;
    if (contains.test(offered.phoneNumber)) found.push(offered);
  }
  return {
    status: 200,
    body: {
      available_phone_numbers: found.map((offered) => offeredBody(offered, regulations)),
      uri: withQuery(path, query),
    },
  };
}

function wantedPattern(text: string | null): RegExp {
  if (text === null) return /^/;
  if (!/^[0-9a-zA-Z*+]{2,}$/.test(text)) throw invalidParameter("Contains", text);
  return containsPattern(text);
}

function isWantedBlock(block: NumberBlock, address: Regulation["address"], query: URLSearchParams): boolean {
  const areaCode = wantedAreaCode(query.get("AreaCode"));
  const { capabilities } = block;
  return (areaCode === null || block.prefix === areaCode) &&
    isWantedFlag(booleanOf(query, "SmsEnabled"), capabilities.sms) &&
    isWantedFlag(booleanOf(query, "MmsEnabled"), capabilities.mms) &&
    isWantedFlag(booleanOf(query, "VoiceEnabled"), capabilities.voice) &&
    isWantedFlag(booleanOf(query, "FaxEnabled"), false) &&
    isWantedText(query.get("InRegion"), block.region) &&
    isWantedText(query.get("InLocality"), block.locality) &&
    isWantedText(query.get("InPostalCode"), block.postalCode) &&
    !(booleanOf(query, "ExcludeAllAddressRequired") && address !== "none") &&
    !(booleanOf(query, "ExcludeLocalAddressRequired") && address === "local") &&
    !(booleanOf(query, "ExcludeForeignAddressRequired") && address === "foreign");
}

function isWantedFlag(requested: boolean | null, actual: boolean): boolean {
  return requested === null || requested === actual;
}

function isWantedText(requested: string | null, actual: string | null): boolean {
  return requested === null || requested.toLowerCase() === actual?.toLowerCase();
}

function withQuery(path: string, query: URLSearchParams): string {
  return query.size > 0 ? `${path}?${query}` : path;
}

function countryBody(accountSid: string, code: string): Record<string, unknown> {
  const base = `/2010-04-01/Accounts/${accountSid}/AvailablePhoneNumbers/${code}`;
  const types = new Set(NUMBER_BLOCKS.filter((block) => block.country === code).map((block) => block.type));
  return {
    country_code: code,
    country: COUNTRIES[code]?.name,
    uri: `${base}.json`,
    beta: false,
    subresource_uris: Object.fromEntries(
      [...types].map((type) => [TYPES[type].key, `${base}/${TYPES[type].segment}.json`]),
    ),
  };
}

/** In this resource only, Twilio names the capabilities `voice`, `SMS` and `MMS`. */
function offeredBody({ phoneNumber, block }: OfferedNumber, regulations: Regulations): Record<string, unknown> {
  return {
    friendly_name: friendlyNumber(phoneNumber),
    phone_number: phoneNumber,
    lata: null,
    locality: block.locality,
    rate_center: block.locality?.toUpperCase() ?? null,
    latitude: block.latitude,
    longitude: block.longitude,
    region: block.region,
    postal_code: block.postalCode,
    iso_country: block.country,
    address_requirements: regulationOf(regulations, { isoCountry: block.country, type: block.type }).address,
    beta: false,
    capabilities: { voice: block.capabilities.voice, SMS: block.capabilities.sms, MMS: block.capabilities.mms },
  };
}
