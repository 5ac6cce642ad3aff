import { invalidRequest } from "../errors.ts";
import { API_VERSION } from "./event.ts";

/** From this version on, the period is on the items and the parent of an invoice in `parent`. */
const FIRST_OF_THE_CURRENT_SHAPE = "2025-03-31";
/** Stripe's first version with a name, from which on each has one. */
const FIRST_WITH_A_NAME = "2024-09-30";

/** Whether objects of this version have the shape of 2024. */
export const hasOldShape = (version: string): boolean => version.slice(0, 10) < FIRST_OF_THE_CURRENT_SHAPE;

/**
 * Reads the version of a call or of a webhook endpoint. The simulator knows the form of a version and not each of them.
 * @throws StripeApiError for another form, and for a version after that of the pinned SDK
 */
export function readVersion(version: string, param?: string): string {
  const [, date, name] = /^(\d{4}-\d{2}-\d{2})(\.[a-z]+)?$/.exec(version) ?? [];
  const isKnown = date !== undefined && date >= "2011-01-01" && date <= API_VERSION.slice(0, 10) &&
    !Number.isNaN(Date.parse(date)) && (name !== undefined) === (date >= FIRST_WITH_A_NAME);
  if (isKnown) return version;
  throw invalidRequest(`Invalid Stripe API version: ${version}`, param);
}
