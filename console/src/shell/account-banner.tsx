import { AccountBanner as Banner } from "../overview/account-banner.tsx";

/** What the tenant must know about the account on every screen, above its content. */
export const AccountBanner = Banner;
