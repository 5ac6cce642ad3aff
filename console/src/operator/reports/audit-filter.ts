/** Which lines of the audit log are listed. Each is compared in full. */
export interface AuditFilter {
  actor?: string;
  action?: string;
  requestId?: string;
}

/** The fields with their names in an address. */
const NAMES = { actor: "actor", action: "action", requestId: "request" } as const;
const FIELDS = ["actor", "action", "requestId"] as const;
/** The server takes no longer texts. */
const LONGEST = 100;

/** Reads the filter from the query of an address. */
export function auditFilterOf(query: URLSearchParams): AuditFilter {
  const filter: AuditFilter = {};
  for (const field of FIELDS) {
    const text = query.get(NAMES[field])?.trim().slice(0, LONGEST);
    if (text) filter[field] = text;
  }
  return filter;
}

/** The query of an address with this filter. */
export function auditQueryOf(filter: AuditFilter): URLSearchParams {
  const query = new URLSearchParams();
  for (const field of FIELDS) {
    const text = filter[field]?.trim().slice(0, LONGEST);
    if (text) query.set(NAMES[field], text);
  }
  return query;
}
