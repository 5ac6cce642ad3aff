import { isSorted, messageCode } from "../../../supabase/functions/_shared/twilio/message-codes.ts";

/** Why a message failed with a code of Twilio's, as a sentence without a period; null for a code that is not known. */
export function codeInWords(errorCode: number): string | null {
  if (!isSorted(errorCode)) return null;
  const code = messageCode(errorCode);
  // The credentials and the messaging service are the operator's.
  if (code.sort === "account" && code.trouble === "credentials") return "Your account could not send at that time";
  return code.reason[0]!.toUpperCase() + code.reason.slice(1);
}
