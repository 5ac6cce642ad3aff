import { Anchor, Button, Center, Paper, Stack, Text, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useEffect } from "react";
import { useLocation } from "wouter";
import { useBackend } from "../platform/backend.tsx";
import { Brand } from "../platform/brand.tsx";
import { AuthFailure } from "./auth-failure.tsx";
import { newPasswordError } from "./credentials.ts";
import { NewPasswordField } from "./new-password-field.tsx";
import { ReauthenticationFields } from "./reauthentication-fields.tsx";
import { useUser } from "./session.tsx";
import { usePasswordChange } from "./use-password-change.ts";

/** Where the link for a forgotten password leads: the user is signed in, and chooses a new password. */
export function NewPasswordScreen({ onChanged }: { onChanged: () => void }) {
  const { email } = useUser();
  const [, navigate] = useLocation();
  const { supabase: { auth } } = useBackend();
  useEffect(() => {
    document.title = "Choose a new password · Switchboard";
  }, []);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { password: "", currentPassword: "", code: "" },
    validate: { password: newPasswordError },
  });
  const change = usePasswordChange(auth, form, () => {
    onChanged();
    navigate("/", { replace: true });
  });
  return (
    <Center component="main" mih="100dvh" p="lg">
      <Stack w="100%" maw={400} gap="lg">
        <Brand />
        <div>
          <Title order={1} size="h2">Choose a new password</Title>
          <Text c="dimmed" style={{ overflowWrap: "anywhere" }}>For {email}. Your other devices are signed out.</Text>
        </div>
        <Paper withBorder radius="lg" p="lg">
          <form noValidate onSubmit={form.onSubmit((values) => change.start(values))}>
            <Stack gap="md">
              {/* Tells password managers whose password this is. */}
              <input type="text" autoComplete="username" value={email} readOnly hidden />
              <NewPasswordField
                label="New password"
                autoFocus
                key={form.key("password")}
                {...form.getInputProps("password")}
              />
              <ReauthenticationFields form={form} demands={change.demands} />
              <AuthFailure failure={change.failure} />
              <Button type="submit" fullWidth size="md" loading={change.isPending}>Save and continue</Button>
            </Stack>
          </form>
        </Paper>
        <Text size="sm" ta="center">
          <Anchor component="button" type="button" size="sm" onClick={() => navigate("/", { replace: true })}>
            Keep my old password
          </Anchor>
        </Text>
      </Stack>
    </Center>
  );
}
