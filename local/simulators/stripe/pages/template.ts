const ESCAPES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Escapes text for use between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}

/**
 * Replaces the `{{name}}` placeholders of a page.
 *
 * @param texts values that are escaped
 * @param fragments HTML that is inserted unchanged
 * @throws Error if a placeholder has no value
 */
export function fill(page: string, texts: Record<string, string>, fragments: Record<string, string>): string {
  return page.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => {
    const text = texts[name];
    if (text !== undefined) return escapeHtml(text);
    const fragment = fragments[name];
    if (fragment !== undefined) return fragment;
    throw new Error(`Cannot fill the page: the placeholder "${name}" has no value`);
  });
}
