import { errors } from "jose";
import type { DataApi } from "../database/data-api.ts";
import type { TokenUser, UserTokens } from "./user-tokens.ts";

/** Answers a request to `/auth/v1` or `/rest/v1`: exchanges the signature of its user token and of those in the answer. */
export async function answerData(request: Request, api: DataApi, tokens: UserTokens): Promise<Response> {
  const admitted = await admitRequest(request, tokens);
  if (admitted instanceof Response) return admitted;
  const response = await api.fetch(admitted);
  return new URL(request.url).pathname.startsWith("/auth/v1/") ? await releaseTokens(response, tokens) : response;
}

async function admitRequest(request: Request, tokens: UserTokens): Promise<Request | Response> {
  const token = userTokenOf(request);
  if (token === undefined) return request;
  try {
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${await tokens.admit(token)}`);
    const { method, body } = request;
    return new Request(request.url, { method, headers, ...(body && { body }) });
  } catch (error) {
    if (error instanceof errors.JOSEError) return refusal(error);
    throw error;
  }
}

/** Returns the Bearer token of a request, unless it is an API key, which some clients send there too. */
export function userTokenOf(request: Request): string | undefined {
  const token = request.headers.get("authorization")?.match(/^Bearer\s+(.+)$/i)?.[1];
  return token?.startsWith("sb_") ? undefined : token;
}

function refusal(error: errors.JOSEError): Response {
  const expired = error instanceof errors.JWTExpired;
  const body = {
    code: expired ? "PGRST303" : "PGRST301",
    message: expired ? "JWT expired" : "No suitable key or wrong key type",
    details: error.message,
    hint: null,
  };
  return Response.json(body, { status: 401, headers: { "access-control-allow-origin": "*" } });
}

/** Signs for the outside what the Auth API hands out: in the body, or behind the # of a redirect. */
async function releaseTokens(response: Response, tokens: UserTokens): Promise<Response> {
  const { status } = response;
  const headers = new Headers(response.headers);
  const location = headers.get("location");
  if (location?.includes("access_token=")) headers.set("location", await releaseInFragment(location, tokens));
  if (!headers.get("content-type")?.includes("application/json")) {
    return new Response(response.body, { status, headers });
  }
  headers.delete("content-length");
  const text = await response.text();
  const body = text === "" ? null : JSON.parse(text) as SessionBody | null;
  if (typeof body?.access_token !== "string") return new Response(text, { status, headers });
  const released = { ...body, access_token: await tokens.release(body.access_token, body.user) };
  return Response.json(released, { status, headers });
}

interface SessionBody {
  access_token?: string;
  user?: TokenUser;
}

async function releaseInFragment(location: string, tokens: UserTokens): Promise<string> {
  const [base, fragment = ""] = location.split("#", 2);
  const fields = new URLSearchParams(fragment);
  fields.set("access_token", await tokens.release(fields.get("access_token") ?? "", undefined));
  return `${base}#${fields}`;
}
