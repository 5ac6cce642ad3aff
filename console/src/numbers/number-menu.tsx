import { ActionIcon, Menu } from "@mantine/core";
import { Ellipsis, Pencil, Send, Star, Trash2 } from "lucide-react";
import { openDialog } from "../platform/dialogs.tsx";
import { readable } from "../phone/phone-format.ts";
import { openSendMessage } from "../send-message/open-send-message.tsx";
import { ReleaseDialog } from "./release-dialog.tsx";
import { RenameDialog } from "./rename-dialog.tsx";
import type { PhoneNumber } from "./use-numbers.ts";

export interface NumberMenuProps {
  number: PhoneNumber;
  /** Why the number cannot be changed now; null when it can. */
  obstacle: string | null;
  onMakePrimary: () => void;
  isPending: boolean;
}

/** The actions on one of the tenant's numbers. */
export function NumberMenu({ number, obstacle, onMakePrimary, isPending }: NumberMenuProps) {
  const name = readable(number.phoneNumber);
  const disabled = obstacle !== null;
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`Change ${name}`} loading={isPending}>
          <Ellipsis size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {obstacle !== null && <Menu.Label>{obstacle}</Menu.Label>}
        {!number.isPrimary && number.capabilities.sms && (
          <Menu.Item leftSection={<Star size={16} />} onClick={onMakePrimary}>Make primary</Menu.Item>
        )}
        {number.capabilities.sms && (
          <Menu.Item
            leftSection={<Send size={16} />}
            disabled={disabled}
            onClick={() => openSendMessage({ from: number.phoneNumber })}
          >
            Send a message
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={<Pencil size={16} />}
          disabled={disabled}
          onClick={() => openDialog(`Rename ${name}`, (close) => <RenameDialog number={number} onClose={close} />)}
        >
          Rename
        </Menu.Item>
        <Menu.Item
          color="var(--mantine-color-error)"
          leftSection={<Trash2 size={16} />}
          disabled={disabled}
          onClick={() => openDialog(`Release ${name}?`, (close) => <ReleaseDialog number={number} onClose={close} />)}
        >
          Release
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
