import type postgres from "postgres";
import type { Mailbox } from "../mail/mailbox.ts";
import type { DataApi } from "./data-api.ts";

export interface PlatformAuthOptions {
  sql: postgres.Sql;
  mailbox: Mailbox;
  /** The origin of the stack. */
  url: string;
}

/** How soon another mail of the same kind may be sent to an address, as `max_frequency` of the CLI's `[auth.email]`. */
const MAIL_FREQUENCY_MS = 1_000;

/**
 * Adds to the API what the platform's Auth does and @supabase/lite does not:
 *
 * - the links of mails lead to the `redirect_to` that the request names;
 * - an email is changed by two links, one for the old address and one for the new;
 * - a changed password ends the user's other sessions;
 * - a sign-up with a confirmed email is answered like any other, with no identities and no mail;
 * - the link to confirm a sign-up is sent again on request;
 * - mails to one address are limited.
 */
export function withPlatformAuth(api: DataApi, options: PlatformAuthOptions): DataApi {
  return {
    ...api,
    async fetch(request) {
      const { pathname, searchParams } = new URL(request.url);
      const redirectTo = allowedRedirect(searchParams.get("redirect_to"), options.url);
      return await options.mailbox.leadingTo(
        redirectTo,
        () => answer(`${request.method} ${pathname}`, request, api, options),
      );
    },
  };
}

function answer(route: string, request: Request, api: DataApi, options: PlatformAuthOptions): Promise<Response> {
  switch (route) {
    case "POST /auth/v1/signup":
      return signUp(request, api, options);
    case "POST /auth/v1/recover":
      return recover(request, api, options);
    case "POST /auth/v1/resend":
      return resend(request, api, options);
    case "PUT /auth/v1/user":
      return updateUser(request, api, options);
    case "GET /auth/v1/verify":
      return verify(request, api, options);
    default:
      return api.fetch(request);
  }
}

async function signUp(original: Request, api: DataApi, { sql }: PlatformAuthOptions): Promise<Response> {
  const { body: { email }, request } = await read(original);
  const response = await api.fetch(request);
  if (response.status !== 429) return response;
  const [known] = await sql`select confirmed_at from auth.users where email = lower(${String(email)})`;
  if (!known?.["confirmed_at"]) return response;
  await response.body?.cancel();
  const now = new Date().toISOString();
  return Response.json({
    id: crypto.randomUUID(),
    aud: "authenticated",
    role: "",
    email,
    phone: "",
    confirmation_sent_at: now,
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: {},
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  });
}

async function recover(original: Request, api: DataApi, { mailbox }: PlatformAuthOptions): Promise<Response> {
  const { body: { email }, request } = await read(original);
  return isTooSoon(lastOf(mailbox, String(email), "recovery")) ? tooManyMails() : await api.fetch(request);
}

/** lite refuses to send the link of a sign-up again. The first one still works, so the same mail is sent again. */
async function resend(original: Request, api: DataApi, { mailbox }: PlatformAuthOptions): Promise<Response> {
  const { body: { type, email }, request } = await read(original);
  const response = await api.fetch(request);
  const last = lastOf(mailbox, String(email), String(type));
  if (response.status !== 429 || last === undefined || isTooSoon(last)) return response;
  await response.body?.cancel();
  await mailbox.driver.send(last);
  return Response.json({});
}

async function updateUser(original: Request, api: DataApi, options: PlatformAuthOptions): Promise<Response> {
  const { body: { password, email }, request } = await read(original);
  const headers = new Headers(request.headers);
  const response = await api.fetch(request);
  if (!response.ok) return response;
  if (password !== undefined) {
    headers.delete("content-length");
    const logout = new Request(`${options.url}/auth/v1/logout?scope=others`, { method: "POST", headers, body: "{}" });
    await (await api.fetch(logout)).body?.cancel();
  }
  if (email !== undefined) await confirmNewEmail(String(email), options);
  return response;
}

/** lite sends the link for the old address only. */
async function confirmNewEmail(email: string, { sql, mailbox, url }: PlatformAuthOptions): Promise<void> {
  const [change] = await sql`
    select email_change_token_new as token from auth.users
    where email_change = lower(${email}) and email_change_token_current <> '' and email_change_token_new <> ''`;
  if (change === undefined) return;
  const link = new URL(`${url}/auth/v1/verify`);
  link.search = String(new URLSearchParams({ token: change["token"], type: "email_change", redirect_to: url }));
  const text = `Follow this link to confirm ${email} as your new email:\n${link}`;
  await mailbox.driver.send({ to: email, subject: "Confirm Email Change", text });
}

const HALF_CONFIRMED = "Confirmation link accepted. Please proceed to confirm link sent to the other email";

/** Accepts the first of two links for a new email. The second one is lite's: it looks for the token in the old one's place. */
async function verify(request: Request, api: DataApi, { sql, url }: PlatformAuthOptions): Promise<Response> {
  const { searchParams } = new URL(request.url);
  if (searchParams.get("type") !== "email_change") return await api.fetch(request);
  const token = searchParams.get("token") ?? "";
  const accepted = await sql`
    update auth.users
    set email_change_token_current = case ${token}
          when email_change_token_current then email_change_token_new else email_change_token_current end,
        email_change_token_new = ''
    where ${token} in (email_change_token_current, email_change_token_new)
      and email_change_token_current <> '' and email_change_token_new <> ''
      and email_change_sent_at > now() - interval '1 hour'
    returning id`;
  if (accepted.length === 0) return await api.fetch(request);
  const target = allowedRedirect(searchParams.get("redirect_to"), url) ?? url;
  const location = `${target}#message=${encodeURIComponent(HALF_CONFIRMED).replaceAll("%20", "+")}`;
  return new Response(null, { status: 303, headers: { location } });
}

/** A page of this machine. The platform allows the URLs of the project's settings. */
function allowedRedirect(text: string | null, url: string): string | null {
  const target = text === null ? null : URL.parse(text);
  const isHere = target?.origin === url || ["127.0.0.1", "localhost", "[::1]"].includes(target?.hostname ?? "");
  return isHere ? text : null;
}

function lastOf(mailbox: Mailbox, to: string, kind: string) {
  return mailbox.list(to).find(({ links }) => links.some((link) => new URL(link).searchParams.get("type") === kind));
}

function isTooSoon(mail: { at: string } | undefined): boolean {
  return mail !== undefined && Date.now() - Date.parse(mail.at) < MAIL_FREQUENCY_MS;
}

function tooManyMails(): Response {
  const code = "over_email_send_rate_limit";
  const message = "For security purposes, you can only request this after 1 seconds.";
  return Response.json({ code, message, msg: message, error_code: code }, {
    status: 429,
    headers: { "x-sb-error-code": code, "x-supabase-api-version": "2024-01-01" },
  });
}

interface Read {
  body: Record<string, unknown>;
  /** The same request, whose body can still be read. */
  request: Request;
}

async function read(original: Request): Promise<Read> {
  const text = await original.text();
  const { url, method, headers } = original;
  return { body: fieldsIn(text), request: new Request(url, { method, headers, body: text }) };
}

function fieldsIn(json: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(json);
    return typeof body === "object" && body !== null ? body as Record<string, unknown> : {};
  } catch {
    return {};
  }
}
