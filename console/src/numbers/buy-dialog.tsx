import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { Check } from "lucide-react";
import { type FormEvent, useState } from "react";
import { useSearchRefresh } from "./use-search-refresh.ts";
import { readable } from "../phone/phone-format.ts";
import type { AvailableNumber } from "./use-number-search.ts";
import { type PhoneNumber, useBuyNumber, useNumbers } from "./use-numbers.ts";

export interface BuyDialogProps {
  /** The number to buy; null while the dialog is closed. */
  number: AvailableNumber | null;
  onClose: () => void;
}

/** Asks for confirmation before a purchase. Stays open if the purchase fails; a toast shows the reason. */
export function BuyDialog({ number, onClose }: BuyDialogProps) {
  return (
    <Modal
      opened={number !== null}
      onClose={onClose}
      title="Buy this number?"
      centered
      radius="lg"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      {number !== null && <Purchase key={number.phoneNumber} number={number} onClose={onClose} />}
    </Modal>
  );
}

function Purchase({ number: { phoneNumber }, onClose }: { number: AvailableNumber; onClose: () => void }) {
  const [name, setName] = useState("");
  const { data: owned } = useNumbers();
  const refreshSearch = useSearchRefresh();
  const purchase = useBuyNumber();
  const isFirst = owned?.source === "master" || owned?.numbers.length === 0;

  function buy(event: FormEvent) {
    event.preventDefault();
    const friendlyName = name.trim();
    purchase.mutate({ phoneNumber, ...(friendlyName !== "" && { friendlyName }) }, {
      onSuccess: (bought) => {
        announce(bought);
        onClose();
      },
      onSettled: refreshSearch,
    });
  }

  return (
    <form onSubmit={buy}>
      <Stack gap="md">
        <div>
          <Text fz={28} fw={650} className="digits">{readable(phoneNumber)}</Text>
          <Text size="sm" c="dimmed">
            Twilio bills it to your subaccount every month until it is released.
            {isFirst && " It becomes your primary number."}
          </Text>
        </div>
        <TextInput
          label="Name"
          description="Optional. Recipients do not see it"
          placeholder="Support line"
          maxLength={64}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Group justify="end" gap="sm">
          <Button variant="default" onClick={onClose} disabled={purchase.isPending}>Cancel</Button>
          <Button type="submit" loading={purchase.isPending}>Buy number</Button>
        </Group>
      </Stack>
    </form>
  );
}

function announce({ phoneNumber, isPrimary }: PhoneNumber) {
  notifications.show({
    color: "teal",
    icon: <Check size={18} />,
    title: `${readable(phoneNumber)} is yours`,
    message: isPrimary ? "It is your primary number: messages are sent from it by default" : "You can send from it now",
  });
}
