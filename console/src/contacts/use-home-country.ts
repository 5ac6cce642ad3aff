import { useNumbers } from "../numbers/use-numbers.ts";
import { countryOf } from "../phone/phone-format.ts";

/** The country of the tenant's primary number, in whose national notation numbers can be typed; undefined until known. */
export function useHomeCountry(): string | undefined {
  const { data } = useNumbers();
  const primary = data?.numbers[0]?.phoneNumber;
  return primary === undefined ? undefined : countryOf(primary) ?? undefined;
}
