import { Badge, Box, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Star } from "lucide-react";
import { Copyable } from "../platform/copyable.tsx";
import { readable } from "../phone/phone-format.ts";
import { CapabilityBadges } from "./capability-badges.tsx";
import { givenName } from "./number-name.ts";
import type { PhoneNumber } from "./use-numbers.ts";

export interface NumberRowProps {
  number: PhoneNumber;
  /** Its actions. */
  children?: ReactNode;
  /** Shown below, over the whole width. */
  footer?: ReactNode;
}

/** A row for one of the tenant's numbers or a shared number. */
export function NumberRow({ number, children, footer }: NumberRowProps) {
  const { phoneNumber, friendlyName, phoneSid, capabilities, isPrimary, source } = number;
  const name = givenName(friendlyName);
  return (
    <li className="row">
      <div className="row-main" style={{ minWidth: 0 }}>
        <Group gap="4px 10px">
          <Text fw={600} className="digits">{readable(phoneNumber)}</Text>
          {isPrimary && (
            <Badge variant="light" size="sm" radius="sm" leftSection={<Star size={10} fill="currentColor" />}>
              Primary
            </Badge>
          )}
          {source === "master" && <Badge variant="light" color="gray" size="sm" radius="sm">Shared</Badge>}
          <CapabilityBadges capabilities={capabilities} />
        </Group>
        {name !== null && <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>{name}</Text>}
      </div>
      <Box className="row-sid" visibleFrom="md">
        {source === "subaccount" && phoneSid !== null && <Copyable value={phoneSid} label={`SID of ${phoneNumber}`} />}
      </Box>
      {children}
      {footer !== undefined && <div style={{ flexBasis: "100%", minWidth: 0 }}>{footer}</div>}
    </li>
  );
}
