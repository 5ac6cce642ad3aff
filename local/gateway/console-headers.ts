/**
 * The headers of the console's files, as static hosts read them from `console/public/_headers`. A page cannot forbid in
 * its own HTML that other pages frame it.
 */
export const CONSOLE_HEADERS = {
  "content-security-policy": "frame-ancestors 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;
