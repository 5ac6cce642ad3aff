import { Autocomplete, Group, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useMemo } from "react";
import type { SentMessage } from "../../../client/switchboard.ts";
import { countries, countryName, type EnteredNumber, readEntry } from "../phone/phone-entry.ts";
import { countryOf, readable } from "../phone/phone-format.ts";
import { afterPress } from "../platform/after-press.ts";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { wordingOf } from "../platform/wording.ts";
import { CannotSend } from "./cannot-send.tsx";
import { Composer } from "./composer.tsx";
import { type Content, NO_CONTENT, type Slot, slotOfNew } from "./draft.ts";
import { errorOf, fieldOf } from "./failures.ts";
import { OptedOut } from "./opted-out.tsx";
import { PendingList } from "./pending-list.tsx";
import { useSending } from "./provider.tsx";
import { useContactSearch, useLastSender } from "./use-contacts.ts";
import { useDraftForm } from "./use-draft-form.ts";
import { useOnSent } from "./use-on-sent.ts";
import { useOptOut } from "./use-opt-out.ts";
import { priceText, usePrice } from "./use-price.ts";
import { useOutbox } from "./use-send-message.ts";
import { type Sender, type Senders, useSenders } from "./use-senders.ts";

export interface NewMessageFormProps {
  from: string | undefined;
  to: string | undefined;
  body: string | undefined;
  /** The draft to go on with; one of its own unless given. */
  slot?: Slot | undefined;
  onSent: ((message: SentMessage) => void) | undefined;
  autoFocus: boolean;
}

/** The form of a message with both numbers to choose. */
export function NewMessageForm(props: NewMessageFormProps) {
  const { senders, error, refetch } = useSenders();
  if (senders === undefined) {
    return error === null ? <FormLoading /> : <LoadFailure error={error} onRetry={refetch} />;
  }
  if (senders.obstacle !== null) {
    return <CannotSend reason={senders.obstacle} slot={props.slot ?? slotOfNew(props)} />;
  }
  return <NewMessage {...props} senders={senders} />;
}

/** As high as the form, so that nothing moves when it appears. */
export function FormLoading() {
  return <Loading h={236} label="Loading the form" />;
}

/** Where the tenant's numbers say nothing about the country, such as toll-free numbers of several countries. */
const ANY_COUNTRY = "US";

function NewMessage({ senders, onSent, autoFocus, ...given }: NewMessageFormProps & { senders: Senders }) {
  const { store: { outbox } } = useSending();
  const slot = given.slot ?? slotOfNew(given);
  const initial = useMemo(
    () => ({ ...NO_CONTENT, from: given.from ?? null, to: given.to ?? "", body: given.body ?? "" }),
    [given.from, given.to, given.body],
  );
  const home = homeOf(senders.numbers);
  const draft = useDraftForm(slot, initial, {
    to: (text, { country, from }) => recipientError(text, country ?? countryOf(from ?? "") ?? home),
  });
  const { form, failure } = draft;
  const { values } = form;
  const chosen = senders.numbers.find(({ phoneNumber }) => phoneNumber === values.from);
  const country = values.country ?? countryOf(chosen?.phoneNumber ?? "") ?? home;
  const recipient = readEntry(values.to, country);
  const peer = recipient?.number ?? null;
  const last = useLastSender(chosen === undefined ? peer : null);
  const sender = chosen ?? senders.numbers.find(({ phoneNumber }) => phoneNumber === last) ?? senders.numbers[0]!;
  const own = sender.phoneNumber;
  const isToSelf = peer === own;
  const optOut = useOptOut(own, peer);
  const price = usePrice({ ...values, own: senders.notice === null ? own : null, peer });
  const pending = useOutbox().filter((message) => message.slot === slot);
  const watch = useOnSent(onSent);
  const field = failure === null ? null : fieldOf(failure);
  const isOtherSender = values.from !== null && chosen === undefined;

  function send(content: Content) {
    const to = readEntry(content.to, country);
    if (to === null) return;
    const id = draft.take();
    watch(id);
    outbox.add({ id, slot, content, own, peer: to.number });
  }

  return (
    <form aria-label="New message" onSubmit={form.onSubmit(send)}>
      <Stack gap="md">
        <PendingList pending={pending} />
        <Select
          label="From"
          description={senders.notice ?? undefined}
          inputWrapperOrder={["label", "input", "description", "error"]}
          data={senders.numbers.map((number) => ({ value: number.phoneNumber, label: labelOf(number) }))}
          allowDeselect={false}
          value={own}
          onChange={(value) => form.setFieldValue("from", value)}
          error={field === "from" && failure !== null
            ? wordingOf(errorOf(failure)).message
            : isOtherSender && `${readable(values.from!)} is not one of your current numbers: this one is used instead`}
        />
        <Group gap="xs" align="start" wrap="nowrap">
          <CountrySelect
            value={recipient?.country ?? country}
            onChange={(value) => form.setFieldValue("country", value)}
          />
          <RecipientField
            value={values.to}
            recipient={recipient}
            autoFocus={autoFocus && values.to === ""}
            error={isToSelf
              ? "Choose a recipient other than the sender"
              : field === "to" && failure !== null
              ? wordingOf(errorOf(failure)).message
              : form.errors["to"]}
            onChange={(value) => {
              form.clearFieldError("to");
              form.setFieldValue("to", value);
            }}
            onBlur={form.getInputProps("to").onBlur}
          />
        </Group>
        {optOut && <OptedOut optOut={optOut} own={own} />}
        <Composer
          draft={draft}
          fields={["to", "from"]}
          mms={sender.mms}
          price={price && priceText(price)}
          disabled={Boolean(optOut) || isToSelf}
          autoFocus={autoFocus && values.to !== ""}
        />
      </Stack>
    </form>
  );
}

/** The country whose national notation is read unless another one is chosen: the primary number's. */
function homeOf([primary]: readonly Sender[]): string {
  return countryOf(primary?.phoneNumber ?? "") ?? ANY_COUNTRY;
}

function labelOf({ phoneNumber, name, isPrimary }: Sender): string {
  const remarks = [name, isPrimary ? "primary" : null].filter((remark) => remark !== null);
  return [readable(phoneNumber), ...remarks].join(" · ");
}

function recipientError(text: string, country: string): string | null {
  if (text.trim() === "") return "Enter a phone number";
  if (readEntry(text, country) !== null) return null;
  if (/\p{L}/u.test(text)) return "Choose one of your contacts, or enter a phone number";
  if (text.trim().startsWith("+")) return "Not a phone number: check the digits after the country code";
  return `Not a phone number of ${countryName(country)}: enter it with its area code, or with + and the country code`;
}

interface CountrySelectProps {
  value: string;
  onChange: (code: string | null) => void;
}

function CountrySelect({ value, onChange }: CountrySelectProps) {
  const all = useMemo(countries, []);
  const known = all.find(({ code }) => code === value);
  return (
    <Select
      label="Country"
      w={104}
      style={{ flexShrink: 0 }}
      searchable
      allowDeselect={false}
      comboboxProps={{ width: 280, position: "bottom-start" }}
      data={all.map(({ code, callingCode }) => ({ value: code, label: `${code} +${callingCode}` }))}
      renderOption={({ option }) => {
        const { name, callingCode } = all.find(({ code }) => code === option.value)!;
        return (
          <span>
            {name} <Text span c="dimmed">+{callingCode}</Text>
          </span>
        );
      }}
      filter={({ options, search }) => options.filter((option) => "value" in option && isMatch(option.value, search))}
      nothingFoundMessage="No matching country"
      value={known === undefined ? null : value}
      onChange={onChange}
    />
  );

  function isMatch(code: string, search: string): boolean {
    const { name, callingCode } = all.find((country) => country.code === code)!;
    const wanted = search.trim().toLocaleLowerCase();
    const texts = [name.toLocaleLowerCase(), code.toLocaleLowerCase(), `+${callingCode}`, `${code} +${callingCode}`];
    return texts.some((text) => text.toLocaleLowerCase().includes(wanted));
  }
}

interface RecipientFieldProps {
  value: string;
  recipient: EnteredNumber | null;
  error: React.ReactNode;
  autoFocus: boolean;
  onChange: (value: string) => void;
  onBlur: () => void;
}

/** The recipient's number, or the beginning of a contact's name. */
function RecipientField({ value, recipient, error, autoFocus, onChange, onBlur }: RecipientFieldProps) {
  const contacts = useContactSearch(value);
  const [isChoosing, setChoosing] = useState(false);
  const found = recipient === null ? contacts : contacts.filter(({ phoneNumber }) => phoneNumber === recipient.number);
  const name = found.find(({ phoneNumber }) => phoneNumber === recipient?.number)?.name ?? null;
  const read = recipient === null
    ? "A phone number, or the name of a contact"
    : [readable(recipient.number), name ?? countryName(recipient.country)].filter(Boolean).join(" · ");
  const suggestions = recipient === null ? contacts.map(({ phoneNumber }) => readable(phoneNumber)) : [];
  return (
    <Autocomplete
      label="To"
      flex={1}
      type="text"
      inputMode="tel"
      autoComplete="off"
      placeholder="+1 415 555 0100"
      {...(autoFocus && { "data-autofocus": true })}
      inputWrapperOrder={["label", "input", "error", "description"]}
      description={<span className="digits">{read}</span>}
      error={error}
      data={suggestions}
      openOnFocus={false}
      // An open list takes the Esc key, also one that has nothing to show.
      dropdownOpened={isChoosing && suggestions.length > 0}
      onDropdownOpen={() => setChoosing(true)}
      onDropdownClose={() => setChoosing(false)}
      filter={({ options }) => options}
      renderOption={({ option }) => {
        const contact = contacts.find(({ phoneNumber }) => readable(phoneNumber) === option.value);
        return (
          <div>
            <Text size="sm">{contact?.name ?? option.value}</Text>
            {contact?.name && <Text size="xs" c="dimmed" className="digits">{option.value}</Text>}
          </div>
        );
      }}
      value={value}
      onChange={onChange}
      onBlur={() => {
        setChoosing(false);
        // Nothing is missing yet while the other fields are filled in first.
        if (value !== "") afterPress(onBlur);
      }}
    />
  );
}
