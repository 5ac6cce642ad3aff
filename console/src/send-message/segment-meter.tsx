import { Text, Tooltip } from "@mantine/core";
import { LONGEST_BODY, measure } from "./segments.ts";

/** The segment count of a body, and the characters that force the more expensive encoding. */
export function SegmentMeter({ body }: { body: string }) {
  const { segments, encoding, specialCharacters } = measure(body);
  const isTooLong = body.length > LONGEST_BODY;
  return (
    <Text span size="xs" c={isTooLong ? "red" : "dimmed"} role="status" aria-label="Length" className="digits">
      {body.length}/{LONGEST_BODY} · {segments} {segments === 1 ? "segment" : "segments"} · {encoding === "UCS-2"
        ? (
          <Tooltip
            multiline
            maw={280}
            label={`${specialCharacters.slice(0, 8).join(" ")} ${reason(specialCharacters.length)}`}
          >
            <Text span inherit td="underline dotted" tabIndex={0}>{encoding}</Text>
          </Tooltip>
        )
        : encoding}
    </Text>
  );
}

function reason(count: number): string {
  return `${count === 1 ? "needs" : "need"} UCS-2: a segment holds 70 characters instead of 160`;
}
