/** Returns whether a request matches. */
export type RequestPattern = (method: string, path: string) => boolean;

/**
 * Parses the `match` of a fault, `METHOD /path`.
 *
 * The path is compared segment by segment, without `/2010-04-01` and `.json`. As a segment, `*` matches any one
 * segment; as the last segment, `**` matches any further segments. As the method, `*` matches any method; `*` alone
 * matches every request. A path is relative to an account unless it begins with `/Accounts`, `/_sim`,
 * `/accounts.twilio.com`, `/numbers.twilio.com` or `/pricing.twilio.com`: `POST /Messages` means `POST /Accounts/<any>/Messages`.
 *
 * Examples: `POST /Accounts` creates an account, `POST /Messages` creates a message, `GET /IncomingPhoneNumbers/*`
 * fetches a number, `POST /accounts.twilio.com/v1/AuthTokens/Promote` promotes a token.
 */
export function requestPattern(match: string): RequestPattern {
  if (match.trim() === "*") return () => true;
  const [method = "*", path = "**"] = match.trim().split(/\s+/, 2);
  const wanted = segmentsOf(isRooted(path) ? path : `/Accounts/*/${path}`);
  return (actualMethod, actualPath) =>
    (method === "*" || method.toUpperCase() === actualMethod) && segmentsFit(wanted, segmentsOf(actualPath));
}

function isRooted(path: string): boolean {
  return /^\/?(2010-04-01\/)?(Accounts|_sim|(?:accounts|numbers|pricing)\.twilio\.com|\*\*)(\/|\.json|$)/.test(path);
}

function segmentsOf(path: string): string[] {
  return path.replace(/\.json$/, "").split("/").filter((segment) => segment !== "" && segment !== "2010-04-01");
}

function segmentsFit(wanted: string[], actual: string[]): boolean {
  const open = wanted.at(-1) === "**";
  const fixed = open ? wanted.slice(0, -1) : wanted;
  if (open ? actual.length < fixed.length : actual.length !== fixed.length) return false;
  return fixed.every((segment, index) => segment === "*" || segment === actual[index]);
}
