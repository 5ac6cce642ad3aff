import { ApiError, type ErrorDetail, unreachable } from "./api-error.ts";

export interface FunctionCall {
  method?: "GET" | "POST";
  query?: Readonly<Record<string, string | undefined>>;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
}

/** Calls the Edge Function `name` as the signed-in user and returns its JSON. @throws ApiError */
export type CallFunction = <Answer>(name: string, call?: FunctionCall) => Promise<Answer>;

export interface CallerOptions {
  supabaseUrl: string;
  publishableKey: string;
  /** The user's access token, fresh; null when nobody is signed in. */
  accessToken: () => Promise<string | null>;
}

export function functionCaller({ supabaseUrl, publishableKey, accessToken }: CallerOptions): CallFunction {
  return async <Answer>(name: string, { method = "GET", query = {}, body, headers = {} }: FunctionCall = {}) => {
    const token = await accessToken();
    const url = new URL(`${supabaseUrl}/functions/v1/${name}`);
    for (const [key, value] of Object.entries(query)) if (value) url.searchParams.set(key, value);
    const response = await fetch(url, {
      method,
      headers: {
        apikey: publishableKey,
        ...(token !== null && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch(() => {
      throw unreachable();
    });
    const answer: unknown = await response.json().catch(() => null);
    if (!response.ok) throw errorOf(response, answer);
    return answer as Answer;
  };
}

interface ErrorBody {
  code?: string | number;
  message?: string;
  requestId?: string;
  details?: readonly ErrorDetail[];
}

function errorOf(response: Response, answer: unknown): ApiError {
  const body = (answer ?? {}) as ErrorBody;
  return new ApiError({
    status: response.status,
    code: String(body.code ?? `http_${response.status}`),
    message: body.message ?? `Cannot complete the request: the server answered ${response.status}`,
    requestId: body.requestId ?? response.headers.get("x-request-id") ?? undefined,
    details: body.details,
  });
}
