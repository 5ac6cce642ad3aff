import { Button, Group, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useBackend } from "../platform/backend.tsx";
import { Panel } from "../platform/panel.tsx";
import { AuthFailure } from "../session/auth-failure.tsx";
import { newPasswordError } from "../session/credentials.ts";
import { NewPasswordField } from "../session/new-password-field.tsx";
import { ReauthenticationFields } from "../session/reauthentication-fields.tsx";
import { useUser } from "../session/session.tsx";
import { usePasswordChange } from "../session/use-password-change.ts";

/** The change of the password. */
export function PasswordPanel() {
  const { supabase: { auth } } = useBackend();
  const { email } = useUser();
  const [isChanged, setChanged] = useState(false);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "", currentPassword: "", code: "" },
    validate: { password: newPasswordError },
  });
  const change = usePasswordChange(auth, form, () => setChanged(true));
  return (
    <Panel title="Password" description="Your other devices are signed out when you change it.">
      <form
        noValidate
        onSubmit={form.onSubmit((values) => {
          setChanged(false);
          change.start(values);
        })}
      >
        <Stack gap="md">
          {/* Tells password managers whose password this is. */}
          <input type="text" autoComplete="username" value={email} readOnly hidden />
          <NewPasswordField label="New password" key={form.key("password")} {...form.getInputProps("password")} />
          <ReauthenticationFields form={form} demands={change.demands} />
          <AuthFailure failure={change.failure} />
          <Group>
            <Button type="submit" variant="default" loading={change.isPending}>Change password</Button>
            {isChanged && <Text size="sm" role="status" c="var(--good)">Your password is changed</Text>}
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}
