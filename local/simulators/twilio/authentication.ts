import { Buffer } from "node:buffer";
import { timingSafeEqual } from "node:crypto";
import { notFound, unauthenticated } from "./errors.ts";
import type { Account } from "./records.ts";
import type { Store } from "./store.ts";

/**
 * Returns the account whose SID and primary or secondary token are in the Basic header.
 * @throws ApiError 20003 if the credentials are missing or wrong
 */
export function authenticate(store: Store, authorization: string | undefined): Account {
  const encoded = /^Basic (.+)$/i.exec(authorization ?? "")?.[1];
  if (!encoded) throw unauthenticated();
  const [sid = "", token = ""] = Buffer.from(encoded, "base64").toString("utf8").split(":", 2);
  const account = store.accounts.get(sid);
  if (!account || ![account.authToken, account.secondaryToken].some((valid) => valid && sameText(valid, token))) {
    throw unauthenticated();
  }
  return account;
}

/**
 * Returns the account in a path: the actor itself or one of its subaccounts.
 * @throws ApiError 20003 if a subaccount names another account, 20404 if the master names an account that is not its
 * own
 */
export function accountInPath(store: Store, actor: Account, sid: string, path: string): Account {
  if (sid === actor.sid) return actor;
  const account = store.accounts.get(sid);
  if (account?.ownerSid === actor.sid) return account;
  if (actor.ownerSid !== actor.sid) throw unauthenticated();
  throw notFound(path);
}

function sameText(expected: string, actual: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(actual)];
  return left.length === right.length && timingSafeEqual(left, right);
}
