import { notFound } from "../errors.ts";
import { COUNTRIES } from "../number-places.ts";
import { INBOUND_SEGMENT, OUTBOUND_SEGMENT } from "../prices.ts";
import type { Answer, ApiCall, Route } from "../router.ts";

const HOST = "pricing.twilio.com";
const PATH = "/v1/Messaging/Countries";

/** pricing.twilio.com: the prices of messages by country and carrier. As at Twilio, it has none of MMS. */
export const messagePriceRoutes: Route[] = [
  { method: "GET", pattern: `/${HOST}${PATH}`, handle: listCountries },
  { method: "GET", pattern: `/${HOST}${PATH}/:country`, handle: fetchPrices },
];

const urlOf = (code: string) => `https://${HOST}${PATH}/${code}`;

/** One page with all countries, without their prices. */
function listCountries(): Answer {
  const url = `https://${HOST}${PATH}?PageSize=1000&Page=0`;
  return {
    status: 200,
    body: {
      countries: Object.entries(COUNTRIES).map(([code, { name }]) => ({
        country: name,
        iso_country: code,
        url: urlOf(code),
      })),
      meta: {
        key: "countries",
        page: 0,
        page_size: 1000,
        url,
        first_page_url: url,
        next_page_url: null,
        previous_page_url: null,
      },
    },
  };
}

function fetchPrices({ params, path }: ApiCall): Answer {
  const code = params["country"] ?? "";
  const country = COUNTRIES[code];
  if (!country) throw notFound(path);
  const priced = (price: number) => ({
    number_type: "local",
    base_price: price.toFixed(4),
    current_price: price.toFixed(4),
  });
  return {
    status: 200,
    body: {
      country: country.name,
      iso_country: code,
      outbound_sms_prices: Object.entries(OUTBOUND_SEGMENT[code] ?? {}).map(([carrier, price], index) => ({
        carrier,
        mcc: String(300 + country.callingCode.length),
        mnc: String(index + 1).padStart(2, "0"),
        prices: [priced(price)],
      })),
      inbound_sms_prices: [priced(INBOUND_SEGMENT)],
      price_unit: "USD",
      url: urlOf(code),
    },
  };
}
