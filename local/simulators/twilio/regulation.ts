import { ApiError } from "./errors.ts";
import type { Bundle, NumberType } from "./records.ts";
import type { Store } from "./store.ts";

/** What the owner of a country's numbers must have. `local` is an address inside the country, `foreign` one outside. */
export interface Regulation {
  address: "none" | "any" | "local" | "foreign";
  bundle: boolean;
}

/** By country (`AU`), or by country and type (`GB mobile`), which takes precedence. */
export type Regulations = Readonly<Record<string, Regulation>>;

/** The address and the bundle that a request names. */
export interface RegulatoryInformation {
  addressSid: string | null;
  bundleSid: string | null;
}

interface Subject {
  accountSid: string;
  isoCountry: string;
  type: NumberType;
}

/** Returns what a number of this country and type needs. */
export function regulationOf(
  regulations: Regulations,
  { isoCountry, type }: Pick<Subject, "isoCountry" | "type">,
): Regulation {
  return regulations[`${isoCountry} ${type}`] ?? regulations[isoCountry] ?? { address: "none", bundle: false };
}

/**
 * Checks the address and the bundle for a number in its (new) account. Those that are not needed must exist, too.
 * @throws ApiError 21631 without an address, 21615 for an unsuitable one, 21649 without a suitable and approved bundle
 */
export function requireRegulatoryInformation(
  store: Store,
  regulations: Regulations,
  subject: Subject,
  regulatory: RegulatoryInformation,
): void {
  const { address, bundle } = regulationOf(regulations, subject);
  checkAddress(store, address, subject, regulatory.addressSid);
  if (regulatory.bundleSid) checkBundle(store.bundles.get(regulatory.bundleSid), subject, regulatory.bundleSid);
  else if (bundle) throw new ApiError(21649, "Bundle required: the 'BundleSid' parameter was empty");
}

function checkAddress(
  store: Store,
  wanted: Regulation["address"],
  { accountSid, isoCountry }: Subject,
  addressSid: string | null,
): void {
  if (!addressSid) {
    if (wanted === "none") return;
    throw new ApiError(21631, "Phone Number Requires an Address but the 'AddressSid' parameter was empty");
  }
  const address = store.addresses.get(addressSid);
  const isLocal = address?.isoCountry === isoCountry;
  const fits = address?.accountSid === accountSid && (wanted !== "local" || isLocal) &&
    (wanted !== "foreign" || !isLocal);
  if (fits) return;
  throw new ApiError(
    21615,
    `Could not find Address with sid ${addressSid} for account ${accountSid} to satisfy ${wanted} Address requirement`,
  );
}

function checkBundle(bundle: Bundle | undefined, { accountSid, isoCountry, type }: Subject, sid: string): void {
  if (bundle?.accountSid !== accountSid) {
    throw new ApiError(21649, `Could not find Bundle with sid ${sid} for account ${accountSid}`);
  }
  if (bundle.status !== "twilio-approved" && bundle.status !== "provisionally-approved") {
    throw new ApiError(21649, `Bundle [${sid}] status is not twilio-approved`);
  }
  if (bundle.isoCountry === isoCountry && (bundle.numberType === null || bundle.numberType === type)) return;
  throw new ApiError(21649, `Bundle [${sid}] is not valid for a ${type} number of ${isoCountry}`);
}
