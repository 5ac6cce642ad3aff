/** What a link of Auth's mails was for. `invite` and `magiclink` also sign in. */
export type LinkPurpose = "signup" | "recovery" | "email_change" | "invite" | "magiclink" | "email";

/** What the URL brings, after a link of one of Auth's mails led to the console. */
export type Arrival =
  | { kind: "none" }
  /** Auth has checked the link and made a session. */
  | { kind: "session"; purpose: LinkPurpose; accessToken: string; refreshToken: string }
  /** The link leads here directly, and its token is still to be checked. */
  | { kind: "token"; purpose: LinkPurpose; tokenHash: string }
  /** Auth has checked the link. Its code is exchanged in the browser that asked for it. */
  | { kind: "code"; code: string }
  /** The first of the two confirmations of a new email. */
  | { kind: "half-confirmed" }
  | { kind: "failed"; code: string };

const PURPOSES: readonly string[] = ["signup", "recovery", "email_change", "invite", "magiclink", "email"];
/** Every parameter that Auth writes into the URL, in the query or in place of the console's route. */
const PARAMETERS = [
  "access_token",
  "refresh_token",
  "expires_in",
  "expires_at",
  "token_type",
  "provider_token",
  "provider_refresh_token",
  "type",
  "token_hash",
  "code",
  "sb",
  "sb_flow_id",
  "message",
  "error",
  "error_code",
  "error_description",
];

/** Returns what a URL brings, and the URL without it: tokens must not stay in the address bar or in the history. */
export function arrivalIn(href: string): { arrival: Arrival; href: string } {
  const url = new URL(href);
  const fragment = url.hash.slice(1);
  // The console's own routes begin with a slash.
  const isRoute = fragment === "" || fragment.startsWith("/");
  const hash = isRoute ? new URLSearchParams() : new URLSearchParams(fragment);
  const read = (name: string) => hash.get(name) ?? url.searchParams.get(name);
  const arrival = arrivalOf(read);
  if (arrival.kind === "none") return { arrival, href };
  for (const name of PARAMETERS) url.searchParams.delete(name);
  if (!isRoute) url.hash = "#/";
  return { arrival, href: url.href };
}

function arrivalOf(read: (name: string) => string | null): Arrival {
  const [accessToken, refreshToken, tokenHash, code] = ["access_token", "refresh_token", "token_hash", "code"].map(
    read,
  );
  const type = read("type") ?? "";
  const purpose = (PURPOSES.includes(type) ? type : "magiclink") as LinkPurpose;
  if (read("error") !== null || read("error_code") !== null) {
    return { kind: "failed", code: read("error_code") ?? read("error") ?? "unknown" };
  }
  if (accessToken && refreshToken) return { kind: "session", purpose, accessToken, refreshToken };
  if (tokenHash && PURPOSES.includes(type)) return { kind: "token", purpose, tokenHash };
  if (code) return { kind: "code", code };
  if (read("message") !== null) return { kind: "half-confirmed" };
  return { kind: "none" };
}
