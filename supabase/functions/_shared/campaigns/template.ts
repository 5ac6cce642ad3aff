/**
 * `{{name}}`: any text without braces, so any column name of a list. `private.render_text` has the same expression and looks
 * up a value by the same text between the braces, as it is.
 */
const PLACEHOLDER = /\{\{([^{}]{1,128})\}\}/gu;

const INVISIBLE = /[\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;

/** Invisible characters and blanks around a name do not count, nor do the two ways to write a letter with an accent. */
export function columnName(text: string): string {
  return text.replace(INVISIBLE, "").trim().normalize("NFC");
}

export interface Template {
  /** The text without its placeholders. */
  literals: string;
  /** How often each placeholder occurs, by the text between its braces. */
  uses: ReadonlyMap<string, number>;
}

export function readTemplate(template: string): Template {
  const uses = new Map<string, number>();
  const literals = template.replace(PLACEHOLDER, (_, written: string) => {
    uses.set(written, (uses.get(written) ?? 0) + 1);
    return "";
  });
  return { literals, uses };
}

/**
 * What looks like a placeholder in a text and is not one, so that it would reach the recipients; null if nothing does. Outside
 * of placeholders there may be no `{{`, no `}}`, and no brace that touches a placeholder. A single brace is text. Braces count
 * as they look: full-width ones are braces, and invisible characters between two do not part them.
 */
export function brokenPlaceholder(template: string): string | null {
  const broken = brokenIn(template);
  if (broken !== null) return broken;
  const shown = asShown(template);
  const placeholders = (text: string) => text.match(PLACEHOLDER)?.length ?? 0;
  return brokenIn(shown) ?? (placeholders(shown) > placeholders(template) ? around(shown, shown.indexOf("{{")) : null);
}

/** The text with every brace as it looks, and without invisible characters. */
function asShown(text: string): string {
  return text.replace(INVISIBLE, "").replace(/[\uff5b\ufe5b]/g, "{").replace(/[\uff5d\ufe5c]/g, "}");
}

function brokenIn(template: string): string | null {
  let end = 0;
  for (const { 0: placeholder, 1: written, index } of template.matchAll(PLACEHOLDER)) {
    if (columnName(written!) === "") return placeholder;
    const broken = brokenPart(template, end, index);
    if (broken !== null) return broken;
    end = index + placeholder.length;
  }
  return brokenPart(template, end, template.length);
}

/** The same for the part between two placeholders, or between one and an end of the text. */
function brokenPart(template: string, start: number, end: number): string | null {
  const part = template.slice(start, end);
  let at = part.search(/\{\{|\}\}/);
  if (at < 0 && start > 0 && /^[{}]/.test(part)) at = 0;
  if (at < 0 && end < template.length && /[{}]$/.test(part)) at = part.length - 1;
  return at < 0 ? null : around(template, start + at);
}

function around(template: string, at: number): string {
  return Array.from(template.slice(Math.max(0, at - 10), at + 30).toWellFormed()).join("");
}

/** Placeholders in a media URL are not rendered, so none may be there, nor an encoded one. */
export function holdsPlaceholder(url: string): boolean {
  return /\{\{|\}\}/.test(asShown(url.replaceAll(/%7b/gi, "{").replaceAll(/%7d/gi, "}")));
}
