import { Mark } from "@mantine/core";
import { partsOf } from "./marks.ts";

/** A text with the parts that match a search highlighted. */
export function MarkedText({ text, search }: { text: string; search: string | undefined }) {
  if (search === undefined || search === "") return text;
  return partsOf(text, search).map(({ text, isMatch }, index) =>
    isMatch ? <Mark key={index} className="match">{text}</Mark> : text
  );
}
