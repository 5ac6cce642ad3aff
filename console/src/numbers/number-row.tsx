import { Badge, Group, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Star } from "lucide-react";
import { Copyable } from "../platform/copyable.tsx";
import { CapabilityBadges } from "./capability-badges.tsx";
import { readable } from "../phone/phone-format.ts";
import type { PhoneNumber } from "./use-numbers.ts";

/** A row for one of the tenant's numbers or a shared number. `children` are its actions. */
export function NumberRow({ number, children }: { number: PhoneNumber; children?: ReactNode }) {
  const { phoneNumber, friendlyName, phoneSid, capabilities, isPrimary, source } = number;
  // Twilio's default friendly name is the number itself.
  const hasName = friendlyName !== null && /\p{L}/u.test(friendlyName);
  return (
    <li className="row">
      <div className="row-main">
        <Group gap="xs">
          <Text fw={600} className="digits">{readable(phoneNumber)}</Text>
          {isPrimary && (
            <Badge variant="light" size="sm" radius="sm" leftSection={<Star size={10} fill="currentColor" />}>
              Primary
            </Badge>
          )}
          {source === "master" && <Badge variant="light" color="gray" size="sm" radius="sm">Shared</Badge>}
        </Group>
        {hasName && <Text size="sm" c="dimmed">{friendlyName}</Text>}
      </div>
      <CapabilityBadges capabilities={capabilities} />
      <div className="row-sid">
        {source === "subaccount" && phoneSid !== null && <Copyable value={phoneSid} label={`SID of ${phoneNumber}`} />}
      </div>
      {children}
    </li>
  );
}
