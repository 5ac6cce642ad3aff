/** A number in Twilio's JSON, which is a text; null until Twilio knows it. */
export function numericOf(text: string | null | undefined): number | null {
  const value = Number(text);
  return text && Number.isFinite(value) ? value : null;
}
