import { Drawer } from "@mantine/core";
import { Copyable } from "../../platform/copyable.tsx";

export interface TenantDrawerProps {
  userId: string;
  onClose: () => void;
}

/** One tenant. */
export function TenantDrawer({ userId, onClose }: TenantDrawerProps) {
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="xl"
      title="Tenant"
      closeButtonProps={{ "aria-label": "Close" }}
    >
      <Copyable value={userId} label="the id" />
    </Drawer>
  );
}
