/** The longest name that Twilio stores. */
export const LONGEST_NAME = 64;

/** The name that was given to a number; null for Twilio's default, which is the number itself. */
export function givenName(friendlyName: string | null): string | null {
  return friendlyName !== null && /\p{L}/u.test(friendlyName) ? friendlyName : null;
}
