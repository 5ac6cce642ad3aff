import { Anchor, Button, Group, Stack } from "@mantine/core";
import { AuthApiError } from "@supabase/supabase-js";
import { useState } from "react";
import { useBackend } from "../platform/backend.tsx";
import { AuthFailure } from "./auth-failure.tsx";
import { mailReturnUrl } from "./browser-session.ts";
import type { Credentials, CredentialsForm } from "./credentials.ts";
import { EmailField } from "./email-field.tsx";
import { NewPasswordField } from "./new-password-field.tsx";
import { authData, useAuthAction } from "./use-auth-action.ts";

export interface SignUpFormProps {
  form: CredentialsForm;
  onSignInInstead: () => void;
  /** Auth has sent a link to confirm the email. */
  onConfirmationSent: () => void;
}

/** Creates an account. */
export function SignUpForm({ form, onSignInInstead, onConfirmationSent }: SignUpFormProps) {
  const { supabase: { auth } } = useBackend();
  const [isTaken, setTaken] = useState(false);
  const attempt = useAuthAction(
    async ({ email, password }: Credentials) => {
      const { session, user } = authData(
        await auth.signUp({ email: email.trim(), password, options: { emailRedirectTo: mailReturnUrl() } }),
      );
      // Where emails are confirmed, Auth answers so for an email that has an account, and sends no mail.
      if (session === null && user?.identities?.length === 0) throw new AuthApiError("", 422, "user_already_exists");
      return session !== null;
    },
    {
      fields: {
        email: (message) => form.setFieldError("email", message),
        password: (message) => form.setFieldError("password", message),
      },
      onSuccess: (isSignedIn) => isSignedIn || onConfirmationSent(),
      onFailure: ({ code }) => setTaken(code === "user_already_exists"),
    },
  );
  return (
    <form
      noValidate
      onSubmit={form.onSubmit((values) => {
        setTaken(false);
        attempt.start(values);
      })}
    >
      <Stack gap="md">
        <div>
          <EmailField key={form.key("email")} {...form.getInputProps("email")} />
          {isTaken && form.errors["email"] && (
            <Group mt={6}>
              <Anchor component="button" type="button" size="sm" onClick={onSignInInstead}>Sign in instead</Anchor>
            </Group>
          )}
        </div>
        <NewPasswordField key={form.key("password")} {...form.getInputProps("password")} />
        <AuthFailure failure={attempt.failure} />
        <Button type="submit" fullWidth size="md" loading={attempt.isPending}>Create account</Button>
      </Stack>
    </form>
  );
}
