/** What the tenant must know about the account on every screen, above its content. */
export function AccountBanner() {
  return null;
}
