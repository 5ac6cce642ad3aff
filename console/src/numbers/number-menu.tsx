import { ActionIcon, Menu } from "@mantine/core";
import { useState } from "react";
import { Ellipsis, Pencil, Star, Trash2 } from "lucide-react";
import { readable } from "../phone/phone-format.ts";
import { ReleaseDialog } from "./release-dialog.tsx";
import { RenameDialog } from "./rename-dialog.tsx";
import { type PhoneNumber, useChangeNumber } from "./use-numbers.ts";

/** The actions on one of the tenant's numbers. */
export function NumberMenu({ number }: { number: PhoneNumber }) {
  const [dialog, setDialog] = useState<"rename" | "release" | null>(null);
  const change = useChangeNumber();
  const close = () => setDialog(null);
  return (
    <>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Change ${readable(number.phoneNumber)}`}
            loading={change.isPending}
          >
            <Ellipsis size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {!number.isPrimary && (
            <Menu.Item
              leftSection={<Star size={16} />}
              onClick={() => change.mutate((switchboard) => switchboard.setPrimaryNumber({ numberId: number.id }))}
            >
              Make primary
            </Menu.Item>
          )}
          <Menu.Item leftSection={<Pencil size={16} />} onClick={() => setDialog("rename")}>Rename</Menu.Item>
          <Menu.Item color="red" leftSection={<Trash2 size={16} />} onClick={() => setDialog("release")}>
            Release
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <RenameDialog number={number} opened={dialog === "rename"} onClose={close} />
      <ReleaseDialog number={number} opened={dialog === "release"} onClose={close} />
    </>
  );
}
