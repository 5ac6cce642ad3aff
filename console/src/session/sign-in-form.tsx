import { Anchor, Button, Group, PasswordInput, Stack } from "@mantine/core";
import { useBackend } from "../platform/backend.tsx";
import { AuthFailure } from "./auth-failure.tsx";
import type { Credentials, CredentialsForm } from "./credentials.ts";
import { EmailField } from "./email-field.tsx";
import { authData, useAuthAction } from "./use-auth-action.ts";

export interface SignInFormProps {
  form: CredentialsForm;
  onForgotten: () => void;
  /** The email must be confirmed first. */
  onUnconfirmed: () => void;
}

/** Signs in with email and password. */
export function SignInForm({ form, onForgotten, onUnconfirmed }: SignInFormProps) {
  const { supabase: { auth } } = useBackend();
  const attempt = useAuthAction(
    async ({ email, password }: Credentials) =>
      authData(await auth.signInWithPassword({ email: email.trim(), password })),
    {
      fields: {
        email: (message) => form.setFieldError("email", message),
        password: (message) => form.setFieldError("password", message),
      },
      onFailure: ({ code }) => code === "email_not_confirmed" && onUnconfirmed(),
    },
  );
  return (
    <form noValidate onSubmit={form.onSubmit((values) => attempt.start(values))}>
      <Stack gap="md">
        <EmailField key={form.key("email")} {...form.getInputProps("email")} />
        <div>
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
          <Group justify="end" mt={6}>
            <Anchor component="button" type="button" size="sm" onClick={onForgotten}>Forgot your password?</Anchor>
          </Group>
        </div>
        <AuthFailure failure={attempt.failure} />
        <Button type="submit" fullWidth size="md" loading={attempt.isPending}>Sign in</Button>
      </Stack>
    </form>
  );
}
