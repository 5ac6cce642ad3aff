import { ApiError } from "../platform/errors.ts";

/** Far above any webhook of Twilio's: the largest, a message with ten media, has about fifty. */
const MOST_FIELDS = 500;

/** Twilio signs a body that is not a form by its hash, which is a parameter of the URL. */
export const hasHashedBody = (url: URL): boolean => url.searchParams.has("bodySHA256");

/**
 * The fields of a webhook's form, or the plain fields of its JSON. An unreadable body has none.
 * @throws ApiError `body_too_large` for more fields than a webhook has
 */
export function webhookFields(body: string, url: URL): URLSearchParams {
  const fields = hasHashedBody(url) ? plainFields(parsed(body)) : null;
  const count = fields === null ? fieldsOfForm(body) : Object.keys(fields).length;
  if (count > MOST_FIELDS) {
    throw new ApiError("body_too_large", `Cannot read a webhook of more than ${MOST_FIELDS} fields`);
  }
  return new URLSearchParams(fields ?? body);
}

/** The number of a form's fields, without reading them. */
function fieldsOfForm(body: string): number {
  let fields = 1;
  for (let at = body.indexOf("&"); at !== -1; at = body.indexOf("&", at + 1)) fields++;
  return fields;
}

function plainFields(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const plain = Object.entries(value).filter(([, field]) => typeof field === "string" || typeof field === "number");
  return Object.fromEntries(plain.map(([name, field]) => [name, String(field)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
