import type { Contact } from "../../../client/switchboard.ts";
import { readable } from "../phone/phone-format.ts";
import { MarkedText } from "../platform/marked-text.tsx";
import { useContact } from "./use-contacts.ts";

export interface ContactNameProps {
  phoneNumber: string;
  /** The contact with the number, where it is known already; null without one. */
  contact?: Pick<Contact, "name"> | null;
  /** What is searched for, to highlight it. */
  search?: string | undefined;
}

/** The name of the contact with a number, or the number. */
export function ContactName({ phoneNumber, contact, search }: ContactNameProps) {
  const { data } = useContact(contact === undefined ? phoneNumber : undefined);
  return <MarkedText text={nameOf(phoneNumber, contact ?? data)} search={search} />;
}

export function nameOf(phoneNumber: string, contact: Pick<Contact, "name"> | null | undefined): string {
  return contact?.name ?? readable(phoneNumber);
}
