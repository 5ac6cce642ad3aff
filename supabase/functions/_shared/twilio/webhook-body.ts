/** Twilio signs a body that is not a form by its hash, which is a parameter of the URL. */
export const hasHashedBody = (url: URL): boolean => url.searchParams.has("bodySHA256");

/** The fields of a webhook's form, or the plain fields of its JSON. An unreadable body has none. */
export function webhookFields(body: string, url: URL): URLSearchParams {
  return new URLSearchParams(hasHashedBody(url) ? plainFields(parsed(body)) : body);
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
