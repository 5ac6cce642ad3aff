import { ApiError } from "./errors.ts";
import type { Account, AccountStatus } from "./records.ts";
import type { InactiveAccountCode, Simulation } from "./simulation.ts";

type Accounts = Pick<Simulation, "store" | "settings">;

const INACTIVE_MESSAGES: Record<InactiveAccountCode, [message: string, status: number]> = {
  20003: ["Authenticate", 401],
  20005: ["Account not active", 403],
  20403: ["Forbidden: account is not active", 403],
  10001: ["Account is not active", 400],
  90010: ["Account is not active", 400],
};

/**
 * Returns the status of an account in effect: while the master account is suspended or has no funds, all its open
 * accounts are suspended.
 */
export function statusOf(accounts: Accounts, { status }: Account): AccountStatus {
  return status === "active" && isMasterSuspended(accounts) ? "suspended" : status;
}

/** Whether Twilio suspended the master account: by the setting, or because its balance is used up. */
function isMasterSuspended({ store, settings }: Accounts): boolean {
  return settings.masterSuspended || (settings.funds !== null && balanceOf(store, settings.funds) <= 0);
}

/** Returns the balance in US dollars: `funds` less the prices of all messages. The subaccounts share it. */
export function balanceOf(store: Simulation["store"], funds: number): number {
  return [...store.messages.values()].reduce((balance, message) => balance + (message.price ?? 0), funds);
}

/** @throws ApiError with `code`, by default that of the settings, if the account is suspended or closed */
export function requireActive(
  accounts: Accounts,
  account: Account,
  code: InactiveAccountCode = accounts.settings.inactiveAccountCode,
): void {
  if (statusOf(accounts, account) === "active") return;
  const [message, status] = INACTIVE_MESSAGES[code];
  throw new ApiError(code, message, status);
}
