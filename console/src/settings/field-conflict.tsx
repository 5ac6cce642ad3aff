import { Alert, Anchor, Text } from "@mantine/core";
import { GitCompareArrows } from "lucide-react";
import { nameOf } from "./countries.ts";
import { daysText } from "./retention.ts";
import { type Draft, draftOf, type Field } from "./rules.ts";
import type { LoadedRules } from "./use-rules.ts";

/** Says beside a field what was saved elsewhere, while the user changed the field here. */
export function FieldConflict({ field, rules }: { field: Field; rules: LoadedRules }) {
  const { editing: { base, conflicts }, edit } = rules;
  if (!conflicts.includes(field)) return null;
  const theirs = draftOf(base);
  return (
    <Alert color="yellow" variant="light" icon={<GitCompareArrows />} role="status" mt={6}>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        Saved elsewhere meanwhile: {valueText(theirs, field)}. If you save, yours replaces it.{" "}
        <Anchor component="button" type="button" size="sm" onClick={() => edit({ [field]: theirs[field] })}>
          Use the saved one
        </Anchor>
      </Text>
    </Alert>
  );
}

function valueText(draft: Draft, field: Field): string {
  switch (field) {
    case "stopReply":
    case "startReply":
    case "helpReply":
      return draft[field] === "" ? "no answer of your own" : `“${draft[field]}”`;
    case "allowedCountries":
      return draft.allowedCountries?.map(nameOf).join(", ") ?? "every country of your plan";
    case "retentionDays":
      return typeof draft.retentionDays === "number" ? daysText(draft.retentionDays) : "texts are kept";
  }
}
