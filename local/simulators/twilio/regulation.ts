import { ApiError } from "./errors.ts";
import type { Bundle, NumberType } from "./records.ts";
import type { Store } from "./store.ts";

/** What a country demands of the owner of its numbers. `local` is an address inside the country, `foreign` one outside. */
export interface Regulation {
  address: "none" | "any" | "local" | "foreign";
  bundle: boolean;
}

export type Regulations = Readonly<Record<string, Regulation>>;

/** The address and the bundle that a request names. */
export interface Papers {
  addressSid: string | null;
  bundleSid: string | null;
}

interface Subject {
  accountSid: string;
  isoCountry: string;
  type: NumberType;
}

/** Returns what `country` demands. */
export function regulationOf(regulations: Regulations, country: string): Regulation {
  return regulations[country] ?? { address: "none", bundle: false };
}

/**
 * Checks the papers for a number in its (new) account. Papers that are not needed must exist all the same.
 * @throws ApiError 21631 without an address, 21615 for an unsuitable one, 21649 without a suitable and approved bundle
 */
export function requirePapers(
  store: Store,
  regulations: Regulations,
  subject: Subject,
  papers: Papers,
): void {
  const { address, bundle } = regulationOf(regulations, subject.isoCountry);
  checkAddress(store, address, subject, papers.addressSid);
  if (papers.bundleSid) checkBundle(store.bundles.get(papers.bundleSid), subject, papers.bundleSid);
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
