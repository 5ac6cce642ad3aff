import { COUNTRIES, NUMBER_BLOCKS } from "../number-places.ts";
import type { NumberType } from "../records.ts";
import { regulationOf } from "../regulation.ts";
import type { Answer, ApiCall, Route } from "../router.ts";

const BASE = "/numbers.twilio.com/v2/RegulatoryCompliance/Regulations";
const END_USERS = ["individual", "business"] as const;

/** numbers.twilio.com: what the owner of a country's numbers must prove. There is one for each type and kind of owner. */
export const regulationRoutes: Route[] = [
  { method: "GET", pattern: BASE, handle: listRegulations },
];

/** Answers with all regulations on one page. Numbers that need no bundle have none. */
function listRegulations({ simulation, query, path }: ApiCall): Answer {
  const [country, type, endUser] = [query.get("IsoCountry"), query.get("NumberType"), query.get("EndUserType")];
  const regulated = new Map(
    NUMBER_BLOCKS.map((block) => [`${block.country} ${block.type}`, { isoCountry: block.country, type: block.type }]),
  );
  const results = [...regulated.values()]
    .filter((subject) => regulationOf(simulation.settings.regulations, subject).bundle)
    .filter((subject) => country === null || subject.isoCountry === country)
    .filter((subject) => type === null || subject.type === type)
    .flatMap((subject) => END_USERS.map((endUserType) => ({ ...subject, endUserType })))
    .filter(({ endUserType }) => endUser === null || endUserType === endUser)
    .map(regulationBody);
  const url = `https:/${path}`;
  const meta = {
    ...{ page: 0, page_size: 50, key: "results", url, first_page_url: url },
    ...{ previous_page_url: null, next_page_url: null },
  };
  return { status: 200, body: { results, meta } };
}

function regulationBody(
  { isoCountry, type, endUserType }: { isoCountry: string; type: NumberType; endUserType: (typeof END_USERS)[number] },
): Record<string, unknown> {
  const sid = regulationSid(`${isoCountry} ${type} ${endUserType}`);
  const [typeName, endUserName] = [type, endUserType].map((text) => text.charAt(0).toUpperCase() + text.slice(1));
  return {
    sid,
    friendly_name: `${COUNTRIES[isoCountry]?.name}: ${typeName} - ${endUserName}`,
    iso_country: isoCountry,
    number_type: type,
    end_user_type: endUserType,
    requirements: {
      end_user: [{
        name: endUserName,
        type: endUserType,
        requirement_name: `${endUserType}_info`,
        url: `https:/${BASE}/${endUserType}`,
        fields: endUserType === "business" ? ["business_name"] : ["first_name", "last_name"],
        detailed_fields: [],
      }],
      supporting_document: [],
    },
    url: `https:/${BASE}/${sid}`,
  };
}

/** Always the same for the same regulation. */
function regulationSid(text: string): string {
  const digits = Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `RN${digits.padEnd(32, "0").slice(0, 32)}`;
}
