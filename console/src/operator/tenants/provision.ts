import { type Provision, SwitchboardError } from "../../../../client/switchboard.ts";

const USER_ID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** What is wrong with the name of a user, before it is sent; null when nothing is. */
export function faultOfUser(typed: string): string | null {
  const user = typed.trim();
  if (user === "") return "Enter an email address or a user id";
  return USER_ID.test(user) || /^[^\s@]+@[^\s@]+$/.test(user) ? null : "Enter a whole email address, or a user id";
}

/** The request for a user who is named by email address or id. */
export function provisionOf(typed: string, reason: string): Provision {
  const user = typed.trim();
  return USER_ID.test(user) ? { userId: user.toLowerCase(), reason } : { email: user, reason };
}

/** What the server says about the named user, for the field; null for any other failure. */
export function faultFromServer(typed: string, error: unknown): string | null {
  if (!(error instanceof SwitchboardError)) return null;
  if (error.code === "ambiguous_email") return "Several users have this address. Enter the user’s id";
  if (error.code !== "not_found") return null;
  return USER_ID.test(typed.trim()) ? "No user has this id" : "No user has this address. They must sign up first";
}
