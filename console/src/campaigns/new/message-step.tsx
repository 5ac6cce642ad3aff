import {
  ActionIcon,
  Alert,
  Anchor,
  Button,
  Group,
  SegmentedControl,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { ChevronLeft, ChevronRight, Plus } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { readable } from "../../phone/phone-format.ts";
import { Panel } from "../../platform/panel.tsx";
import { segmentsText } from "../../send-message/segment-meter.tsx";
import { LONGEST_BODY, measure, plainBody } from "../../send-message/segments.ts";
import type { Sender } from "../../send-message/use-senders.ts";
import { recipientsText } from "../status.ts";
import { bodyProblem } from "./draft.ts";
import { MessageText } from "./message-text.tsx";
import type { Blanks } from "./recipients.ts";
import { blanksOf, longestOf, partsOf, textOf } from "./render.ts";
import type { StepProps } from "./step-props.ts";

/** Writes the message, with placeholders for what each recipient gets of their own. */
export function MessageStep({ drafting, draft, columns, recipients, senders }: StepProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const body = useDeferredValue(draft.body);
  const problem = draft.body.trim() === "" ? null : bodyProblem(draft.body, columns);
  const blanks = useMemo(() => blanksOf(body, recipients, columns), [body, recipients, columns]);
  const plain = useMemo(() => plainBody(body), [body]);
  const isPlainSafe = plain !== null && bodyProblem(plain.body, columns) === null;

  function insert(column: string) {
    const { selectionStart, selectionEnd } = field.current ?? {};
    const start = selectionStart ?? draft.body.length;
    const placeholder = `{{${column}}}`;
    const text = draft.body.slice(0, start) + placeholder + draft.body.slice(selectionEnd ?? start);
    drafting.change({ body: text });
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(start + placeholder.length, start + placeholder.length);
    });
  }

  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
      <Stack gap="md">
        <TextInput
          label="Name"
          description="Only you see it."
          placeholder="Spring sale"
          maxLength={200}
          value={draft.name}
          onChange={(event) => drafting.change({ name: event.currentTarget.value })}
        />
        <Select
          label="From"
          allowDeselect={false}
          data={senders.numbers.map((number) => ({ value: number.phoneNumber, label: senderText(number) }))}
          value={draft.from ?? senders.numbers[0]!.phoneNumber}
          error={draft.from !== null && !senders.numbers.some(({ phoneNumber }) => phoneNumber === draft.from) &&
            `${readable(draft.from)} is not one of your current numbers: choose another one`}
          onChange={(from) => drafting.change({ from })}
        />
        <div>
          <Textarea
            ref={field}
            label="Message"
            autosize
            minRows={5}
            maxRows={16}
            value={draft.body}
            error={problem}
            onChange={(event) => drafting.change({ body: event.currentTarget.value })}
          />
          <Group gap={6} mt="xs" role="group" aria-label="Insert what each recipient has of their own">
            {columns.map((column) => (
              <Button
                key={column}
                size="compact-sm"
                variant="default"
                maw="100%"
                leftSection={<Plus size={13} />}
                aria-label={`Insert ${column}`}
                onClick={() => insert(column)}
              >
                {column}
              </Button>
            ))}
          </Group>
        </div>
        {isPlainSafe && (
          <Text size="sm">
            <Anchor
              component="button"
              type="button"
              inherit
              ta="left"
              onClick={() => drafting.change({ body: plain.body })}
            >
              Replace {plain.replaced.slice(0, 6).join(" ")} with plain characters
            </Anchor>{" "}
            to need fewer segments.
          </Text>
        )}
        {blanks.length > 0 && (
          <Alert color="yellow" variant="light">
            <Stack gap="xs">
              {blanks.map(({ column, count }) => (
                <Text size="sm" key={column}>“{column}” is empty for {recipientsText(count)}.</Text>
              ))}
              <SegmentedControl<Blanks>
                size="xs"
                className="segments-wrap"
                aria-label="What to do with empty cells"
                value={draft.blanks}
                onChange={(value) => drafting.change({ blanks: value })}
                data={[
                  { value: "leave-out", label: "Leave them out" },
                  { value: "send", label: "Send with nothing in its place" },
                ]}
              />
            </Stack>
          </Alert>
        )}
      </Stack>
      <Preview body={body} columns={columns} recipients={recipients} hasLines={draft.source?.kind !== "contacts"} />
    </SimpleGrid>
  );
}

function senderText({ phoneNumber, name, isPrimary }: Sender): string {
  return [readable(phoneNumber), name, isPrimary ? "primary" : null].filter((remark) => remark !== null).join(" · ");
}

interface PreviewProps extends Pick<StepProps, "columns" | "recipients"> {
  body: string;
  /** Whether the recipients are lines of a file or a table. */
  hasLines: boolean;
}

/** The message as each recipient gets it. */
function Preview({ body, columns, recipients, hasLines }: PreviewProps) {
  const [wanted, setIndex] = useState(0);
  const index = Math.min(wanted, recipients.length - 1);
  const recipient = recipients[index];
  const longest = useMemo(() => longestOf(body, recipients, columns), [body, recipients, columns]);
  const parts = useMemo(() => recipient === undefined ? [] : partsOf(body, recipient, columns), [
    body,
    recipient,
    columns,
  ]);
  const text = textOf(parts);
  const { segments, encoding } = useMemo(() => measure(text), [text]);
  if (recipient === undefined) return null;
  return (
    <Panel
      title="Preview"
      aside={
        <Group gap={4} wrap="nowrap">
          <ActionIcon
            variant="default"
            aria-label="Previous recipient"
            disabled={index === 0}
            onClick={() => setIndex(index - 1)}
          >
            <ChevronLeft size={16} />
          </ActionIcon>
          <Text size="sm" c="dimmed" className="digits" aria-live="polite">
            {(index + 1).toLocaleString()} of {recipients.length.toLocaleString()}
          </Text>
          <ActionIcon
            variant="default"
            aria-label="Next recipient"
            disabled={index === recipients.length - 1}
            onClick={() => setIndex(index + 1)}
          >
            <ChevronRight size={16} />
          </ActionIcon>
        </Group>
      }
    >
      <Stack gap="sm" align="end">
        <Text size="sm" c="dimmed" className="digits">
          To {recipient.to === "" ? "no number" : readable(recipient.to)}
          {hasLines && ` · line ${recipient.line}`}
        </Text>
        {body.trim() === ""
          ? <Text size="sm" c="dimmed">The message appears here.</Text>
          : <MessageText parts={parts} />}
        <Text size="xs" c={text.length > LONGEST_BODY ? "var(--bad)" : "dimmed"} className="digits">
          {text.length}/{LONGEST_BODY} · {segmentsText(segments)} · {encoding}
        </Text>
        {longest !== null && longest.index !== index && longest.measure.segments > 0 && (
          <Text size="xs" ta="end">
            <Anchor component="button" type="button" inherit onClick={() => setIndex(longest.index)}>
              The longest
            </Anchor>{" "}
            has {longest.length} characters: {segmentsText(longest.measure.segments)}, {longest.measure.encoding}
          </Text>
        )}
      </Stack>
    </Panel>
  );
}
