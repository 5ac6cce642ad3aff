import { Skeleton } from "@mantine/core";
import { modals } from "@mantine/modals";
import { lazy, Suspense } from "react";
import { readable } from "../phone/phone-format.ts";

// It reads what is typed with the metadata of all countries' numbers.
const ContactDialog = lazy(async () => ({ default: (await import("./contact-form.tsx")).ContactDialog }));

/** One dialog at a time. */
const ID = "contact";

/** Opens the contact with a number, or a form for a new one. */
export function openContact({ phoneNumber }: { phoneNumber?: string } = {}): void {
  modals.open({
    modalId: ID,
    title: phoneNumber === undefined ? "New contact" : `Contact ${readable(phoneNumber)}`,
    children: (
      <Suspense fallback={<Skeleton h={320} aria-label="Loading the contact" />}>
        <ContactDialog {...(phoneNumber !== undefined && { phoneNumber })} onClose={() => modals.close(ID)} />
      </Suspense>
    ),
  });
}
