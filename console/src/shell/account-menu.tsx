import { Avatar, Menu, Text, UnstyledButton } from "@mantine/core";
import { Building2, LogOut, MessageSquare, Settings } from "lucide-react";
import { Link } from "wouter";
import { ACCOUNT_PATH } from "../session/session-store.ts";
import { useSessionStore, useUser } from "../session/session.tsx";
import { OPERATOR_PATH } from "./hash-location.ts";
import { useLocalTools } from "./local-tools.ts";
import { OWN_OVERVIEW_PATH } from "./screens.ts";
import { useArea } from "./use-area.ts";

/** The signed-in user and the sign-out item. Narrow screens hide the side navigation, so they get the local tools here. */
export function AccountMenu() {
  const tools = useLocalTools();
  const { email, isOperator } = useUser();
  const { name: area } = useArea();
  const session = useSessionStore();
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton aria-label={`Account of ${email}`} style={{ borderRadius: 999 }}>
          <Avatar size={34} radius="xl" color="exchange" variant="light">{email.slice(0, 1).toUpperCase()}</Avatar>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="xs" truncate>Signed in as {email}</Text>
        </Menu.Label>
        {isOperator && (area === "operator"
          ? (
            <Menu.Item component={Link} href={OWN_OVERVIEW_PATH} leftSection={<MessageSquare size={16} />}>
              My phone system
            </Menu.Item>
          )
          : (
            <Menu.Item component={Link} href={OPERATOR_PATH} leftSection={<Building2 size={16} />}>
              Operator
            </Menu.Item>
          ))}
        <Menu.Item component={Link} href={ACCOUNT_PATH} leftSection={<Settings size={16} />}>Account</Menu.Item>
        {tools.map(({ href, label, Icon }) => (
          <Menu.Item
            key={href}
            component="a"
            href={href}
            target="_blank"
            rel="noreferrer"
            leftSection={<Icon size={16} />}
            hiddenFrom="sm"
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Item leftSection={<LogOut size={16} />} onClick={() => void session.signOut("local")}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
