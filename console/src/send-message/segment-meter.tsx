import { Anchor, Text, Tooltip } from "@mantine/core";
import { useMemo } from "react";
import { LONGEST_BODY, measure, type PlainBody, plainBody } from "./segments.ts";

export interface SegmentMeterProps {
  body: string;
  /** What the message costs, for example `about $0.0158`; null while it is not known. */
  price: string | null;
  onReplace: (body: string) => void;
}

/** The length, segments, encoding and price of a message, and how it could be sent in fewer segments. */
export function SegmentMeter({ body, price, onReplace }: SegmentMeterProps) {
  const { segments, encoding, specialCharacters } = useMemo(() => measure(body), [body]);
  const plain = useMemo(() => plainBody(body), [body]);
  const isTooLong = body.length > LONGEST_BODY;
  return (
    <Text component="div" size="xs" c="dimmed" className="digits">
      <span className={isTooLong ? "send-too-long" : undefined}>
        {body.length}/{LONGEST_BODY} · {segmentsText(segments)} ·{" "}
      </span>
      {encoding === "UCS-2"
        ? (
          <Tooltip
            multiline
            maw={280}
            events={{ hover: true, focus: true, touch: true }}
            label={`${specialCharacters.slice(0, 8).join(" ")} ${reason(specialCharacters.length)}`}
          >
            <Text span inherit td="underline dotted" tabIndex={0}>{encoding}</Text>
          </Tooltip>
        )
        : encoding}
      {price !== null && ` · ${price}`}
      {plain !== null && (
        <div>
          <Anchor component="button" type="button" inherit ta="left" onClick={() => onReplace(plain.body)}>
            {replacement(plain, segments)}
          </Anchor>
        </div>
      )}
    </Text>
  );
}

export function segmentsText(count: number): string {
  return `${count} ${count === 1 ? "segment" : "segments"}`;
}

/** @example Replace “ ” with plain quotes: 1 segment instead of 2 */
function replacement({ replaced, segments: fewer }: PlainBody, segments: number): string {
  const kind = replaced.every((character) => /[\p{Pi}\p{Pf}‚„′″]/u.test(character)) ? "quotes" : "characters";
  const named = [...new Set(replaced.map(visible))].slice(0, 6).join(" ");
  return `Replace ${named} with plain ${kind}: ${segmentsText(fewer)} instead of ${segments}`;
}

/** A space that looks like any other is named. */
function visible(character: string): string {
  if (/[\p{Zs}\p{Cf}\p{Zl}\p{Zp}]/u.test(character)) return "a special space";
  return character;
}

function reason(count: number): string {
  return `${count === 1 ? "needs" : "need"} UCS-2: a segment holds 70 characters instead of 160`;
}
