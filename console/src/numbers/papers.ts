import type { AvailableNumber } from "../../../client/switchboard.ts";
import { isFailure } from "../platform/failure.ts";

/** What Twilio requires of the owner of some numbers: the IDs of an address and of a regulatory bundle. */
export interface Papers {
  addressSid: string;
  bundleSid: string;
}

/** How each paper is called, and the letters that its ID begins with. */
export const PAPERS: Readonly<Record<keyof Papers, { label: string; what: string; prefix: string }>> = {
  addressSid: { label: "Address ID", what: "an address", prefix: "AD" },
  bundleSid: { label: "Regulatory bundle ID", what: "an approved bundle", prefix: "BU" },
};

/** The papers that a number needs: as the search says, and as the server said when it refused the purchase. */
export function neededIn(
  { addressRequirement, requiresBundle }: Pick<AvailableNumber, "addressRequirement" | "requiresBundle">,
  error?: unknown,
): (keyof Papers)[] {
  const refused = isFailure(error) && "details" in error ? error.details.map(({ field }) => field) : [];
  return (["addressSid", "bundleSid"] as const).filter((field) =>
    refused.includes(field) || (field === "addressSid" ? addressRequirement !== "none" : requiresBundle === true)
  );
}

/** What is wrong with the papers that a number needs, by field. */
export function paperRules(needed: readonly (keyof Papers)[]) {
  const rule = (field: keyof Papers) => (value: string) => {
    const { prefix } = PAPERS[field];
    if (!needed.includes(field) || new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(value.trim())) return null;
    return `Enter ${prefix} followed by 32 digits and letters from A to F`;
  };
  return { addressSid: rule("addressSid"), bundleSid: rule("bundleSid") };
}

/** The papers that were entered, as the request has them. */
export function papersOf({ addressSid, bundleSid }: Papers): Partial<Papers> {
  return {
    ...(addressSid.trim() !== "" && { addressSid: addressSid.trim() }),
    ...(bundleSid.trim() !== "" && { bundleSid: bundleSid.trim() }),
  };
}

/** What the server said about single fields of the purchase. */
export function fieldErrors(error: unknown): Partial<Papers> {
  if (!isFailure(error) || !("details" in error)) return {};
  return Object.fromEntries(
    error.details.flatMap(({ field, code }) =>
      field === "addressSid" || field === "bundleSid"
        ? [[
          field,
          code === "required" ? "Twilio needs this for the number" : "Twilio does not accept this for the number",
        ]]
        : []
    ),
  );
}
