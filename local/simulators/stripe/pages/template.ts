const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text made safe between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/**
 * Fills the `{{name}}` places of a page.
 *
 * @param texts escaped before they are put in.
 * @param fragments HTML, put in as it is.
 * @throws Error for a place nothing was given for.
 */
export function fill(page: string, texts: Record<string, string>, fragments: Record<string, string>): string {
  return page.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => {
    const text = texts[name];
    if (text !== undefined) return escapeHtml(text);
    const fragment = fragments[name];
    if (fragment !== undefined) return fragment;
    throw new Error(`Cannot fill the page: nothing was given for "${name}"`);
  });
}
