/** Markup whose texts are escaped. Only `html` makes it. */
export class Html {
  constructor(readonly markup: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text as the content of an element or of a quoted attribute. */
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);

type Value = Html | string | number | readonly Html[];

/**
 * Markup from a template: every value is escaped, unless it is markup itself.
 * @example html`<p title="${title}">${names.map((name) => html`<b>${name}</b>`)}</p>`
 */
export function html(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const written = values.map((value) =>
    value instanceof Html
      ? value.markup
      : Array.isArray(value)
      ? value.map(({ markup }: Html) => markup).join("")
      : escapeHtml(String(value))
  );
  return new Html(parts.raw.map((part, index) => part + (written[index] ?? "")).join(""));
}

/**
 * The response with a page of its own: it runs no script, loads nothing, and has the one style sheet.
 * @param page everything from `<body>` on, without the closing tags
 */
export async function pageResponse(title: string, style: string, page: Html): Promise<Response> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  const text = html`
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="content-security-policy" content="${policy}">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <style>${new Html(style)}</style>
    </head>
    ${page}
    </html>
  `;
  return new Response(text.markup, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      // Also in the page itself: a browser that shows a saved copy sees no headers.
      "content-security-policy": `${policy}; frame-ancestors 'none'`,
    },
  });
}
