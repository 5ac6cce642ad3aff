import { List, Text } from "@mantine/core";
import { announce } from "../platform/notify.ts";
import { TypedConfirm } from "../platform/typed-confirm.tsx";
import { readable } from "../phone/phone-format.ts";
import type { NumberDialogProps } from "./rename-dialog.tsx";
import { useNumberAction } from "./use-numbers.ts";

/** Asks the tenant to type the number before it is released, because a release is final. */
export function ReleaseDialog({ number: { id, phoneNumber, isPrimary }, onClose }: NumberDialogProps) {
  const release = useNumberAction({
    key: ["release-number", id],
    act: (switchboard, confirmed: string) => switchboard.releaseNumber({ numberId: id, confirmPhoneNumber: confirmed }),
    onDone: ({ primary }) => {
      const next = isPrimary && primary !== null ? `. ${readable(primary.phoneNumber)} is your primary number now` : "";
      announce({ title: `${readable(phoneNumber)} is released`, message: `You're no longer billed for it${next}` });
      onClose();
    },
  });
  return (
    <TypedConfirm
      expected={readable(phoneNumber)}
      compare="digits"
      inputMode="tel"
      action="Release number"
      onConfirm={() => release.run(phoneNumber)}
      onClose={onClose}
      isPending={release.isPending}
      error={release.error}
    >
      <Text size="sm">This is final: the number returns to Twilio, and another customer may buy it.</Text>
      <List size="sm" spacing={6}>
        <List.Item>You can no longer send from it, and messages to it no longer arrive here.</List.Item>
        <List.Item>Its conversations stay in your inbox.</List.Item>
        <List.Item>
          You're no longer billed for it: there is no fee after the month that you already pay for.
        </List.Item>
        {isPrimary && <List.Item>Your oldest other number that can send becomes your primary number.</List.Item>}
      </List>
    </TypedConfirm>
  );
}
