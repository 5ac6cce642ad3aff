import { parseDecimal, significantDigits } from "../objects/decimal.ts";
import { DEFAULT_KEYS, type Meter } from "../objects/meter.ts";
import type { Customer, DeletedCustomer } from "../objects/shapes.ts";

/** Why an accepted event is not counted. Stripe may add codes. */
export const REJECTIONS = [
  "archived_meter",
  "meter_event_customer_not_found",
  "meter_event_dimension_count_too_high",
  "meter_event_invalid_value",
  "meter_event_no_customer_defined",
  "meter_event_value_not_found",
  "meter_event_value_too_many_digits",
  "missing_dimension_payload_keys",
  "no_meter",
  "timestamp_in_future",
  "timestamp_too_far_in_past",
] as const;
export type Rejection = (typeof REJECTIONS)[number];

type Payload = Record<string, string>;

/** Returns what is wrong with the value in a payload. Null if nothing is. A meter that counts events needs no value. */
export function valueProblem(payload: Payload, meter: Meter | undefined): Rejection | null {
  if (meter?.default_aggregation.formula === "count") return null;
  const value = payload[valueKey(meter)];
  if (value === undefined) return "meter_event_value_not_found";
  if (parseDecimal(value) === null) return "meter_event_invalid_value";
  return significantDigits(value) > MAX_DIGITS ? "meter_event_value_too_many_digits" : null;
}

const MAX_DIGITS = 15;

/** Returns why Stripe cannot find the meter or the customer of an event. Null if it finds both. */
export function ownerProblem(
  payload: Payload,
  meter: Meter | undefined,
  customers: Map<string, Customer | DeletedCustomer>,
): Rejection | null {
  if (meter === undefined) return "no_meter";
  if (meter.status === "inactive") return "archived_meter";
  const id = payload[customerKey(meter)];
  if (id === undefined) return "meter_event_no_customer_defined";
  const customer = customers.get(id);
  return customer === undefined || "deleted" in customer ? "meter_event_customer_not_found" : null;
}

export function customerKey(meter: Meter | undefined): string {
  return meter?.customer_mapping.event_payload_key ?? DEFAULT_KEYS.customer;
}

export function valueKey(meter: Meter | undefined): string {
  return meter?.value_settings.event_payload_key ?? DEFAULT_KEYS.value;
}

/** Returns the message of an error report or of a 400. */
export function rejectionMessage(code: Rejection, eventName: string, payload: Payload, meter?: Meter): string {
  const value = payload[valueKey(meter)] ?? "";
  switch (code) {
    case "no_meter":
      return `No meter was found matching event_name ${eventName}.`;
    case "archived_meter":
      return `The meter matching event_name ${eventName} is archived.`;
    case "meter_event_no_customer_defined":
      return `Customer mapping key ${customerKey(meter)} not found in payload.`;
    case "meter_event_customer_not_found":
      return `No customer was found matching ${payload[customerKey(meter)] ?? ""}.`;
    case "meter_event_value_not_found":
      return `Value key ${valueKey(meter)} not found in payload.`;
    case "meter_event_invalid_value":
      return `Invalid value: ${value}. The value must be a decimal number.`;
    case "meter_event_value_too_many_digits":
      return `Invalid value: ${value}. The value must have at most ${MAX_DIGITS} significant digits.`;
    case "timestamp_too_far_in_past":
      return "The event timestamp is more than 35 days in the past.";
    case "timestamp_in_future":
      return "The event timestamp is more than 5 minutes in the future.";
    case "meter_event_dimension_count_too_high":
      return "The event has too many dimensions.";
    case "missing_dimension_payload_keys":
      return "The payload has no key for a dimension of the meter.";
  }
}
