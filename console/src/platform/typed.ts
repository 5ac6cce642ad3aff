/** `digits`: only the digits have to agree, as in a phone number. */
export type Comparison = "text" | "digits";

/** Whether a user typed the text that they were asked for. An empty text confirms nothing. */
export function isTyped(typed: string, expected: string, compare: Comparison): boolean {
  const [mine, asked] = [typed, expected].map((text) =>
    compare === "digits" ? text.replaceAll(/\D/g, "") : text.trim()
  );
  return asked !== "" && mine === asked;
}
