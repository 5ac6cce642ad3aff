import {
  ActionIcon,
  Button,
  Group,
  Menu,
  Pill,
  Popover,
  Stack,
  Text,
  Textarea,
  TextInput,
  Tooltip,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { Check, ChevronDown, Image, Send } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { FailureAlert } from "../platform/failure-alert.tsx";
import { wordingOf } from "../platform/wording.ts";
import { isSendKey, useEnterKey } from "./enter-key.ts";
import { errorOf, fieldOf } from "./failures.ts";
import { SegmentMeter } from "./segment-meter.tsx";
import { LONGEST_BODY } from "./segments.ts";
import type { DraftForm } from "./use-draft-form.ts";

export interface ComposerProps {
  draft: DraftForm;
  /** Fields that the form shows besides the text: their failures are shown there. */
  fields: readonly ("to" | "from")[];
  /** Whether the number can send pictures. */
  mms: boolean;
  price: string | null;
  /** Why nothing can be sent now, although the field can be written in. */
  disabled?: boolean;
  autoFocus?: boolean;
  placeholder?: string;
}

const MOST_PICTURES = 10;

/** The text, its pictures, what it costs, and the button that sends it. Must be inside a form. */
export function Composer({ draft, fields, mms, price, disabled = false, autoFocus, placeholder }: ComposerProps) {
  const { form, failure } = draft;
  const { enter, setEnter, modifier } = useEnterKey();
  const { body, mediaUrls } = form.values;
  const field = failure === null ? null : fieldOf(failure);
  const isShownThere = field === "body" || (field !== null && (fields as readonly string[]).includes(field));
  const over = body.length - LONGEST_BODY;
  const tooLong = over > 0 && `A message holds at most ${LONGEST_BODY} characters: remove ${over}`;
  const canSend = !disabled && over <= 0 && (body.trim() !== "" || mediaUrls.length > 0);

  function sendOnKey(event: KeyboardEvent<HTMLTextAreaElement>) {
    const { key, ctrlKey, metaKey, shiftKey, altKey, keyCode, nativeEvent: { isComposing } } = event;
    if (!isSendKey({ key, ctrlKey, metaKey, shiftKey, altKey, keyCode, isComposing }, enter)) return;
    event.preventDefault();
    if (canSend) event.currentTarget.form?.requestSubmit();
  }

  return (
    <Stack gap={6}>
      {failure !== null && !isShownThere && <FailureAlert error={errorOf(failure)} />}
      {mediaUrls.length > 0 && (
        <Pill.Group>
          {mediaUrls.map((url) => (
            <Pill
              key={url}
              withRemoveButton
              maw="100%"
              // Chromium's Tab key skips a button that has aria-hidden, also with the value false.
              removeButtonProps={{ "aria-label": `Remove ${url}`, "aria-hidden": undefined, tabIndex: 0 }}
              onRemove={() => form.setFieldValue("mediaUrls", mediaUrls.filter((other) => other !== url))}
            >
              {url}
            </Pill>
          ))}
        </Pill.Group>
      )}
      <Group align="end" gap="xs" wrap="nowrap">
        {mms && (
          <AttachPicture
            disabled={mediaUrls.length >= MOST_PICTURES}
            onAttach={(url) => form.setFieldValue("mediaUrls", [...new Set([...mediaUrls, url])])}
          />
        )}
        <Textarea
          aria-label="Message"
          placeholder={placeholder ?? "Write a message"}
          autosize
          minRows={1}
          maxRows={8}
          radius="lg"
          flex={1}
          {...(autoFocus === true && { "data-autofocus": true })}
          error={tooLong || (field === "body" && failure !== null && wordingOf(errorOf(failure)).message)}
          value={body}
          onChange={(event) => form.setFieldValue("body", event.currentTarget.value)}
          onKeyDown={sendOnKey}
        />
        <Tooltip position="bottom-end" label={enter === "sends" ? "Send (Enter)" : `Send (${modifier} + Enter)`}>
          <ActionIcon type="submit" size={36} radius="xl" aria-label="Send" disabled={!canSend}>
            <Send size={18} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <Group justify="space-between" align="start" gap={4}>
        <SegmentMeter body={body} price={price} onReplace={(text) => form.setFieldValue("body", text)} />
        <Menu position="top-end">
          <Menu.Target>
            <Button
              className="composer-enter"
              size="compact-xs"
              variant="subtle"
              color="gray"
              rightSection={<ChevronDown size={12} />}
              fw={400}
              ml="auto"
            >
              {enter === "sends" ? "Enter sends" : `${modifier} + Enter sends`}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item
              leftSection={<Check size={14} visibility={enter === "sends" ? "visible" : "hidden"} />}
              onClick={() => setEnter("sends")}
            >
              Enter sends
              <Text size="xs" c="dimmed">Shift + Enter starts a new line</Text>
            </Menu.Item>
            <Menu.Item
              leftSection={<Check size={14} visibility={enter === "sends" ? "hidden" : "visible"} />}
              onClick={() => setEnter("new-line")}
            >
              {modifier} + Enter sends
              <Text size="xs" c="dimmed">Enter starts a new line</Text>
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
    </Stack>
  );
}

/** Asks for the URL of a picture. Twilio fetches it when the message is sent. */
function AttachPicture({ disabled, onAttach }: { disabled: boolean; onAttach: (url: string) => void }) {
  const [opened, setOpened] = useState(false);
  const form = useForm({
    initialValues: { url: "" },
    validate: { url: (url) => isPictureUrl(url) ? null : "Enter a URL that begins with https://" },
  });
  return (
    <Popover opened={opened} onChange={setOpened} position="top-start" width={300} trapFocus withinPortal>
      <Tooltip
        label={disabled ? "A message holds at most 10 pictures" : "Attach a picture by its URL"}
        disabled={opened}
      >
        <Popover.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            radius="xl"
            aria-label="Attach a picture"
            disabled={disabled}
            onClick={() => setOpened((isOpen) => !isOpen)}
          >
            <Image size={18} />
          </ActionIcon>
        </Popover.Target>
      </Tooltip>
      <Popover.Dropdown>
        <Stack gap="xs">
          <TextInput
            label="URL of the picture"
            description="Recipients in the US and Canada receive it as a picture, others as a link"
            type="url"
            placeholder="https://"
            data-autofocus
            {...form.getInputProps("url")}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              // Not the form around it.
              event.preventDefault();
              attach();
            }}
          />
          <Button size="xs" onClick={attach}>Attach</Button>
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );

  function attach() {
    if (form.validate().hasErrors) return;
    onAttach(form.values.url.trim());
    form.reset();
    setOpened(false);
  }
}

/** As `send-sms` accepts it. Pages without TLS are left out: browsers and carriers block them. */
export function isPictureUrl(text: string): boolean {
  const url = URL.parse(text.trim());
  return url !== null && url.protocol === "https:" && text.trim().length <= 2048;
}
