import { modals } from "@mantine/modals";
import { readable } from "../phone/phone-format.ts";
import { DialogPart, part } from "../platform/part.tsx";

// It reads what is typed with the metadata of all countries' numbers.
const ContactDialog = part(() => import("./contact-form.tsx").then(({ ContactDialog }) => ContactDialog));

/** One dialog at a time. */
const ID = "contact";

/** Opens the contact with a number, or a form for a new one. */
export function openContact({ phoneNumber }: { phoneNumber?: string } = {}): void {
  modals.open({
    modalId: ID,
    title: phoneNumber === undefined ? "New contact" : `Contact ${readable(phoneNumber)}`,
    children: (
      <DialogPart height={320} label="Loading the contact">
        <ContactDialog
          {...(phoneNumber !== undefined && { phoneNumber })}
          dialog={ID}
          onClose={() => modals.close(ID)}
        />
      </DialogPart>
    ),
  });
}
