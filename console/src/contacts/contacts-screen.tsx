import {
  ActionIcon,
  Badge,
  Button,
  CloseButton,
  Container,
  Group,
  Paper,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { MessageSquare, Search, Upload, UserPlus, Users } from "lucide-react";
import { useState } from "react";
import { readable } from "../phone/phone-format.ts";
import { EmptyState } from "../platform/empty-state.tsx";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { MarkedText } from "../platform/marked-text.tsx";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { openSendMessage } from "../send-message/open-send-message.tsx";
import { openContact } from "./open-contact.tsx";
import { openContactImport } from "./contact-import.tsx";
import { type Contact, useContacts, useTags } from "./use-contacts.ts";

const TYPING_MS = 250;
const SHOWN_TAGS = 4;

/** The tenant's contacts, by name. */
export function ContactsScreen() {
  const [text, setText] = useState("");
  const [tag, setTag] = useState<string | null>(null);
  const [search] = useDebouncedValue(text.trim(), TYPING_MS);
  const { data: tags = [] } = useTags();
  return (
    <Container size="lg" className="screen">
      <ScreenTitle
        title="Contacts"
        description="Names, notes and tags for the numbers you write with."
        aside={
          <Group gap="sm">
            <Button variant="default" leftSection={<Upload size={16} />} onClick={openContactImport}>Import</Button>
            <Button leftSection={<UserPlus size={16} />} onClick={() => openContact()}>New contact</Button>
          </Group>
        }
      />
      <Stack gap="md">
        <Group gap="sm">
          <TextInput
            type="search"
            role="searchbox"
            flex="1 1 220px"
            aria-label="Search contacts"
            placeholder="Search by name or number"
            leftSection={<Search size={16} aria-hidden />}
            rightSection={text !== "" && (
              <CloseButton
                size="sm"
                aria-label="Clear the search"
                onClick={() => setText("")}
              />
            )}
            value={text}
            maxLength={200}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          {tags.length > 0 && (
            <Select
              aria-label="Tag"
              placeholder="All tags"
              clearable
              searchable
              limit={100}
              flex="0 1 170px"
              clearButtonProps={{ "aria-label": "All tags" }}
              data={tags}
              value={tag}
              onChange={setTag}
            />
          )}
        </Group>
        <ContactRows search={search === "" ? undefined : search} tag={tag ?? undefined} />
      </Stack>
    </Container>
  );
}

function ContactRows({ search, tag }: { search: string | undefined; tag: string | undefined }) {
  const { data, error, refetch, isPlaceholderData, hasNextPage, fetchNextPage, isFetchingNextPage } = useContacts({
    search,
    tag,
  });
  const contacts = data?.pages.flatMap((page) => page.contacts);
  if (contacts === undefined) {
    if (error !== null) return <LoadFailure error={error} onRetry={() => void refetch()} />;
    return <Loading h={280} label="Loading your contacts" />;
  }
  if (contacts.length === 0 && !hasNextPage) {
    return <NoContacts isFiltered={search !== undefined || tag !== undefined} />;
  }
  return (
    <>
      <Paper
        component="ul"
        withBorder
        radius="lg"
        px="md"
        className={isPlaceholderData ? "rows search-old" : "rows"}
        aria-label="Contacts"
      >
        {contacts.map((contact) => <ContactRow key={contact.phoneNumber} contact={contact} search={search} />)}
      </Paper>
      {error !== null && <LoadFailure error={error} onRetry={() => void refetch()} />}
      {hasNextPage && (
        <Button variant="subtle" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More contacts
        </Button>
      )}
    </>
  );
}

function ContactRow(
  { contact: { phoneNumber, name, tags }, search }: { contact: Contact; search: string | undefined },
) {
  const rest = tags.length - SHOWN_TAGS;
  return (
    <li className="row contact-row">
      <button type="button" className="contact-open" onClick={() => openContact({ phoneNumber })}>
        <Text span fw={600} size="sm" truncate>
          <MarkedText text={name ?? "No name"} search={search} />
        </Text>
        <Text span size="sm" c="dimmed" className="digits">
          <MarkedText text={readable(phoneNumber)} search={search} />
        </Text>
      </button>
      <Group gap={6} className="contact-tags">
        {tags.slice(0, SHOWN_TAGS).map((tag) => (
          <Badge key={tag} variant="default" size="sm" tt="none" maw={180}>{tag}</Badge>
        ))}
        {rest > 0 && <Text span size="xs" c="dimmed">+{rest}</Text>}
      </Group>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Send a message to ${name ?? readable(phoneNumber)}`}
        onClick={() => openSendMessage({ to: phoneNumber })}
      >
        <MessageSquare size={18} />
      </ActionIcon>
    </li>
  );
}

function NoContacts({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <EmptyState icon={<Users />} title="No matching contacts">
        Search for the beginning of a name, or for at least three digits of a number.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={<Users />}
      title="No contacts yet"
      action={<Button variant="light" onClick={() => openContact()}>Add the first contact</Button>}
    >
      A contact gives a number a name, notes and tags. The inbox shows the name in place of the number.
    </EmptyState>
  );
}
