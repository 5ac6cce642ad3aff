/**
 * The base URL of one of Twilio's products: a host such as accounts.twilio.com beside api.twilio.com, also in a region. A
 * simulator serves each product under a path.
 */
export function productBaseUrl(product: "accounts" | "numbers" | "pricing", apiBaseUrl: string): string {
  const { protocol, hostname } = new URL(apiBaseUrl);
  return /^api\.(?:[a-z0-9.-]+\.)?twilio\.com$/.test(hostname)
    ? `${protocol}//${hostname.replace(/^api\./, `${product}.`)}`
    : `${apiBaseUrl}/${product}.twilio.com`;
}
