import { Avatar, Menu, Text, UnstyledButton } from "@mantine/core";
import { CreditCard, LogOut, Smartphone } from "lucide-react";
import { useLocation } from "wouter";
import { useBackend } from "../platform/backend.tsx";
import { forgetMessages } from "../send-message/store.ts";
import { useUser } from "../session/session.tsx";

/** The signed-in user and the sign-out item. Narrow screens hide the side navigation, so they get the local tools here. */
export function AccountMenu() {
  const { supabase, config: { phonesUrl, stripeUrl } } = useBackend();
  const { id, email } = useUser();
  const [, navigate] = useLocation();

  function signOut() {
    // Start the next user on the first screen, not in a conversation of this user.
    navigate("/");
    // The next user of this browser must not find what this one wrote.
    void supabase.auth.signOut({ scope: "local" }).then(() => forgetMessages(id));
  }

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
        {phonesUrl !== null && (
          <Menu.Item
            component="a"
            href={phonesUrl}
            target="_blank"
            rel="noreferrer"
            leftSection={<Smartphone size={16} />}
            hiddenFrom="sm"
          >
            Phones
          </Menu.Item>
        )}
        {stripeUrl !== null && (
          <Menu.Item
            component="a"
            href={stripeUrl}
            target="_blank"
            rel="noreferrer"
            leftSection={<CreditCard size={16} />}
            hiddenFrom="sm"
          >
            Subscriptions
          </Menu.Item>
        )}
        <Menu.Item leftSection={<LogOut size={16} />} onClick={signOut}>Sign out</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
