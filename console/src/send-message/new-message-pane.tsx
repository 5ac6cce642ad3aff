import { ActionIcon, Group, Select, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { ArrowLeft } from "lucide-react";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { readable, toE164 } from "../phone/phone-format.ts";
import { CannotSend } from "./cannot-send.tsx";
import { ComposeBox } from "./compose-box.tsx";
import { conversationId } from "../inbox/conversations.ts";
import { type Senders, useSenders } from "./use-senders.ts";

/** The form for a message to a new recipient. */
export function NewMessagePane() {
  const senders = useSenders();
  return (
    <section className="pane" aria-label="New message">
      <header className="pane-header">
        <ActionIcon
          component={Link}
          href="/inbox"
          variant="subtle"
          color="gray"
          aria-label="All conversations"
          hiddenFrom="sm"
        >
          <ArrowLeft size={20} />
        </ActionIcon>
        <Text fw={600}>New message</Text>
      </header>
      {senders === undefined && <Skeleton h={120} m="md" />}
      {senders !== undefined &&
        (senders.obstacle === null ? <Composer senders={senders} /> : <CannotSend obstacle={senders.obstacle} />)}
    </section>
  );
}

function Composer({ senders: { numbers, areShared } }: { senders: Senders }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const [recipient, setRecipient] = useState("");
  const [wasLeft, setWasLeft] = useState(false);
  const [, navigate] = useLocation();
  // The numbers may change after the choice: if the chosen one is gone, use the default.
  const from = chosen !== null && numbers.includes(chosen) ? chosen : numbers[0]!;
  const to = toE164(recipient);
  const recipientError = wasLeft && recipient.trim() !== "" && to === null &&
    "Use the international format: + and the country code";
  return (
    <>
      <Stack p="md" gap="md" className="pane-fields">
        <Group grow align="start" className="pane-field-pair">
          <Select
            label="From"
            description={areShared ? "A shared number: sent through the master account" : undefined}
            data={numbers.map((value) => ({ value, label: readable(value) }))}
            value={from}
            onChange={setChosen}
            allowDeselect={false}
            inputWrapperOrder={["label", "input", "description"]}
          />
          <TextInput
            label="To"
            type="tel"
            placeholder="+1 415 555 0100"
            autoComplete="off"
            data-autofocus
            error={recipientError}
            value={recipient}
            onChange={(event) => setRecipient(event.currentTarget.value)}
            onBlur={() => setWasLeft(true)}
          />
        </Group>
      </Stack>
      <div className="pane-gap" />
      <ComposeBox
        from={from}
        to={to}
        onSent={(message) => navigate(`/inbox/${conversationId({ own: message.from, peer: message.to })}`)}
      />
    </>
  );
}
