import { errors } from "jose";
import type { DataApi } from "../database/data-api.ts";
import type { TokenUser, UserTokens } from "./user-tokens.ts";

/**
 * Answers a request to `/auth/v1` or `/rest/v1`. Replaces external user tokens in the request, internal ones in the
 * response.
 */
export async function answerData(request: Request, api: DataApi, tokens: UserTokens): Promise<Response> {
  const internal = await internalRequest(request, tokens);
  if (internal instanceof Response) return internal;
  const response = await api.fetch(internal);
  return new URL(request.url).pathname.startsWith("/auth/v1/") ? await externalResponse(response, tokens) : response;
}

/** Returns the request with an internal token, or a 401 response if its token is not valid. */
async function internalRequest(request: Request, tokens: UserTokens): Promise<Request | Response> {
  const token = userTokenOf(request);
  if (token === undefined) return request;
  try {
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${await tokens.toInternal(token)}`);
    const { method, body } = request;
    return new Request(request.url, { method, headers, ...(body && { body }) });
  } catch (error) {
    if (error instanceof errors.JOSEError) return unauthorized(error);
    throw error;
  }
}

/** Returns the bearer token of a request. Ignores an API key, which some clients send as a bearer token too. */
export function userTokenOf(request: Request): string | undefined {
  const token = request.headers.get("authorization")?.match(/^Bearer\s+(.+)$/i)?.[1];
  return token?.startsWith("sb_") ? undefined : token;
}

function unauthorized(error: errors.JOSEError): Response {
  const expired = error instanceof errors.JWTExpired;
  const body = {
    code: expired ? "PGRST303" : "PGRST301",
    message: expired ? "JWT expired" : "No suitable key or wrong key type",
    details: error.message,
    hint: null,
  };
  return Response.json(body, { status: 401, headers: { "access-control-allow-origin": "*" } });
}

/**
 * Replaces the token in the body of an Auth API response, or in the fragment of its redirect, with an external token.
 */
async function externalResponse(response: Response, tokens: UserTokens): Promise<Response> {
  const { status } = response;
  const headers = new Headers(response.headers);
  const location = headers.get("location");
  if (location?.includes("access_token=")) headers.set("location", await externalLocation(location, tokens));
  if (!headers.get("content-type")?.includes("application/json")) {
    return new Response(response.body, { status, headers });
  }
  headers.delete("content-length");
  const text = await response.text();
  const body = text === "" ? null : JSON.parse(text) as SessionBody | null;
  if (typeof body?.access_token !== "string") return new Response(text, { status, headers });
  const session = { ...body, access_token: await tokens.toExternal(body.access_token, body.user) };
  return Response.json(session, { status, headers });
}

interface SessionBody {
  access_token?: string;
  user?: TokenUser;
}

async function externalLocation(location: string, tokens: UserTokens): Promise<string> {
  const [base, fragment = ""] = location.split("#", 2);
  const fields = new URLSearchParams(fragment);
  fields.set("access_token", await tokens.toExternal(fields.get("access_token") ?? "", undefined));
  return `${base}#${fields}`;
}
