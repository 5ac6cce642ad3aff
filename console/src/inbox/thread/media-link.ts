/**
 * A link to a file at the project's URL that this page uses. The functions sign links with their public URL, which may be
 * another name of the same project, and which the page's policy may not allow.
 */
export function linkHere(link: string, supabaseUrl: string): string {
  const { pathname, search } = new URL(link);
  return supabaseUrl + pathname + search;
}
