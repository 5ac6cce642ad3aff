/** Says whether a request is meant: its method and its path as it came in. */
export type RequestPattern = (method: string, path: string) => boolean;

// Reads `METHOD /path`, the way faults name requests.
//
// The path is compared segment by segment, after `/2010-04-01` and `.json` are taken away on both sides.
// `*` stands for exactly one segment, a last `**` for any further ones, `*` as method for any method, `*` alone for
// every request. A path that begins with none of `/Accounts`, `/_sim`, `/accounts.twilio.com`, `/pricing.twilio.com` is meant below an
// account: `POST /Messages` is `POST /Accounts/*/Messages`.
//
// `POST /Accounts` is therefore account creation alone, `POST /Accounts/*` an account's update, `POST /Messages`
// message creation, `GET /IncomingPhoneNumbers/*` the fetch of a number, and
// `POST /accounts.twilio.com/v1/AuthTokens/Promote` a promotion.
/** The pattern a fault's `match` means; the comment above says how it is read. */
export function requestPattern(match: string): RequestPattern {
  if (match.trim() === "*") return () => true;
  const [method = "*", path = "**"] = match.trim().split(/\s+/, 2);
  const wanted = segmentsOf(isRooted(path) ? path : `/Accounts/*/${path}`);
  return (actualMethod, actualPath) =>
    (method === "*" || method.toUpperCase() === actualMethod) && segmentsFit(wanted, segmentsOf(actualPath));
}

function isRooted(path: string): boolean {
  return /^\/?(2010-04-01\/)?(Accounts|_sim|(?:accounts|pricing)\.twilio\.com|\*\*)(\/|\.json|$)/.test(path);
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
