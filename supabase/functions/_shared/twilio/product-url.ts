/**
 * Where one of Twilio's products is served: accounts.twilio.com and the like stand beside api.twilio.com, also in a region; a
 * simulator serves them under paths of its own.
 */
export function productBaseUrl(product: "accounts" | "pricing", apiBaseUrl: string): string {
  const { protocol, hostname } = new URL(apiBaseUrl);
  return /^api\.(?:[a-z0-9.-]+\.)?twilio\.com$/.test(hostname)
    ? `${protocol}//${hostname.replace(/^api\./, `${product}.`)}`
    : `${apiBaseUrl}/${product}.twilio.com`;
}
