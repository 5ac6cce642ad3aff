import { Button, Stack } from "@mantine/core";
import { useBackend } from "../platform/backend.tsx";
import { AuthFailure } from "./auth-failure.tsx";
import { authCodeOf } from "./auth-wording.ts";
import { mailReturnUrl } from "./browser-session.ts";
import type { CredentialsForm } from "./credentials.ts";
import { EmailField } from "./email-field.tsx";
import { authData, useAuthAction } from "./use-auth-action.ts";

/** Sends a link to choose a new password. The outcome is the same whether the email has an account or not. */
export function ForgottenForm({ form, onSent }: { form: CredentialsForm; onSent: () => void }) {
  const { supabase: { auth } } = useBackend();
  const request = useAuthAction(
    async (email: string) => {
      const answer = await auth.resetPasswordForEmail(email.trim(), { redirectTo: mailReturnUrl() });
      // Auth limits the mails to an account, so this error says that there is one.
      if (answer.error !== null && authCodeOf(answer.error) === "over_email_send_rate_limit") return;
      authData(answer);
    },
    { fields: { email: (message) => form.setFieldError("email", message) }, onSuccess: onSent },
  );
  return (
    <form noValidate onSubmit={form.onSubmit(({ email }) => request.start(email))}>
      <Stack gap="md">
        <EmailField key={form.key("email")} {...form.getInputProps("email")} />
        <AuthFailure failure={request.failure} />
        <Button type="submit" fullWidth size="md" loading={request.isPending}>Send the link</Button>
      </Stack>
    </form>
  );
}
