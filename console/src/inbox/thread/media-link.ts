/**
 * A link to a file at the project's URL that this page uses. The functions sign links with their public URL, which may be
 * another name of the same project, and which the page's policy may not allow.
 */
export function linkHere(link: string, supabaseUrl: string): string {
  const { pathname, search } = new URL(link);
  return supabaseUrl + pathname + search;
}

/** A link that expires sooner is renewed: the request takes time, and the browser's clock may be wrong by some seconds. */
const MARGIN_MS = 30_000;

/** Whether a signed link can still be opened. */
export function isValid(link: string, now: number): boolean {
  const expires = Number(URL.parse(link)?.searchParams.get("expires"));
  return expires * 1000 > now + MARGIN_MS;
}
