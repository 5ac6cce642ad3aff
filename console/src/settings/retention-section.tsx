import { Alert, NumberInput, Radio, Stack, Text } from "@mantine/core";
import { CalendarClock } from "lucide-react";
import { Panel } from "../platform/panel.tsx";
import { FieldConflict } from "./field-conflict.tsx";
import { retentionSentence } from "./retention.ts";
import { LONGEST_RETENTION, problemsOf } from "./rules.ts";
import type { LoadedRules } from "./use-rules.ts";

const USUAL_DAYS = 90;

/** How long texts are kept. */
export function RetentionSection({ rules }: { rules: LoadedRules }) {
  const { editing: { base, draft }, edit, shownProblems } = rules;
  const days = draft.retentionDays;
  const isValid = problemsOf(draft).retentionDays === undefined;
  return (
    <Panel
      title="Retention"
      description="How long the texts and pictures of your messages are kept, here and at Twilio."
    >
      <Stack gap="md">
        <Radio.Group
          aria-label="How long texts are kept"
          value={days === null ? "keep" : "delete"}
          onChange={(value) => edit({ retentionDays: value === "keep" ? null : base.retentionDays ?? USUAL_DAYS })}
        >
          <Stack gap="sm">
            <Radio value="keep" label="Keep them" />
            <Radio value="delete" label="Delete them after some days" />
          </Stack>
        </Radio.Group>
        {days !== null && (
          <NumberInput
            id="retentionDays"
            label="Days"
            maw={180}
            min={1}
            max={LONGEST_RETENTION}
            clampBehavior="none"
            allowDecimal={false}
            allowNegative={false}
            value={days}
            error={shownProblems.retentionDays}
            onChange={(value) => edit({ retentionDays: typeof value === "number" ? value : "" })}
          />
        )}
        <FieldConflict field="retentionDays" rules={rules} />
        <Alert color="blue" variant="light" icon={<CalendarClock />} title="What is deleted, and when">
          {isValid && days !== "" && <Text size="sm">{retentionSentence(days, new Date())}</Text>}
          {!isValid && <Text size="sm">Enter a number of days to see what is deleted.</Text>}
          {days !== null && (
            <Text size="sm" mt={6}>
              Texts of campaigns that ended before are deleted with them. Who wrote to whom, when, the status and the
              price stay: your statements need them.
            </Text>
          )}
        </Alert>
      </Stack>
    </Panel>
  );
}
