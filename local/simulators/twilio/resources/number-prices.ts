import { notFound } from "../errors.ts";
import { COUNTRIES, NUMBER_BLOCKS } from "../number-places.ts";
import { MONTHLY_NUMBER_PRICE } from "../prices.ts";
import type { NumberType } from "../records.ts";
import type { Answer, ApiCall, Route } from "../router.ts";

const BASE = "/pricing.twilio.com/v1/PhoneNumbers/Countries";

/** The names of the number types on pricing.twilio.com. */
const TYPE_NAMES: Record<NumberType, string> = { "local": "local", "mobile": "mobile", "toll-free": "toll free" };

/** pricing.twilio.com: the monthly prices of numbers by country. */
export const numberPriceRoutes: Route[] = [
  { method: "GET", pattern: `${BASE}/:country`, handle: fetchPrices },
];

function fetchPrices({ params, path }: ApiCall): Answer {
  const code = params["country"] ?? "";
  const country = COUNTRIES[code];
  if (!country) throw notFound(path);
  const types = new Set(NUMBER_BLOCKS.filter((block) => block.country === code).map(({ type }) => type));
  return {
    status: 200,
    body: {
      country: country.name,
      iso_country: code,
      phone_number_prices: [...types].map((type) => {
        const price = MONTHLY_NUMBER_PRICE[type].toFixed(2);
        return { number_type: TYPE_NAMES[type], base_price: price, current_price: price };
      }),
      price_unit: "USD",
      url: `https://pricing.twilio.com/v1/PhoneNumbers/Countries/${code}`,
    },
  };
}
