import { type Db, decide } from "../platform/database.ts";

/** The lease on one tenant: only its holder writes to the tenant's account at Twilio. */
export interface Lease {
  userId: string;
  /** Grows with each holder; a write with an older fence is rejected. */
  fence: number;
}

/** How long a lease lasts: longer than the slowest sequence of calls to Twilio between two renewals. */
export const LEASE_SECONDS = 90;

/** Renews the lease before a write to Twilio. @returns false when another holder took it: the write must not happen */
export async function renewLease(db: Db, { userId, fence }: Lease): Promise<boolean> {
  return await decide(db, "renew_lease", { p_user_id: userId, p_fence: fence }) === "written";
}
