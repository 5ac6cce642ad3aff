import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { Mail } from "lucide-react";
import { useBackend } from "../platform/backend.tsx";
import { Panel } from "../platform/panel.tsx";
import { AuthFailure } from "../session/auth-failure.tsx";
import { mailReturnUrl } from "../session/browser-session.ts";
import { CapturedMail } from "../session/captured-mail.tsx";
import { emailError } from "../session/credentials.ts";
import { EmailField } from "../session/email-field.tsx";
import { useUser } from "../session/session.tsx";
import { authData, useAuthAction } from "../session/use-auth-action.ts";

/** The email that the user signs in with, and its change. */
export function EmailPanel() {
  const { email, newEmail } = useUser();
  return (
    <Panel title="Email" description="You sign in with it, and mail about your account goes there.">
      <Stack gap="md">
        <Text fw={600} style={{ overflowWrap: "anywhere" }}>{email}</Text>
        {newEmail !== null && <Unconfirmed email={email} newEmail={newEmail} />}
        <ChangeEmail />
      </Stack>
    </Panel>
  );
}

function ChangeEmail() {
  const { supabase: { auth } } = useBackend();
  const { email: current } = useUser();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { email: "" },
    validate: {
      email: (email) =>
        emailError(email.trim()) ??
          (email.trim().toLowerCase() === current.toLowerCase() ? "This is your email already" : null),
    },
  });
  const change = useAuthAction(
    async (email: string) => authData(await auth.updateUser({ email }, { emailRedirectTo: mailReturnUrl() })),
    { fields: { email: (message) => form.setFieldError("email", message) }, onSuccess: () => form.reset() },
  );
  return (
    <form noValidate onSubmit={form.onSubmit(({ email }) => change.start(email.trim()))}>
      <Stack gap="md">
        <EmailField label="New email" key={form.key("email")} {...form.getInputProps("email")} />
        <AuthFailure failure={change.failure} />
        <Group>
          <Button type="submit" variant="default" loading={change.isPending}>Change email</Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Says what is missing until the new email is in force. */
function Unconfirmed({ email, newEmail }: { email: string; newEmail: string }) {
  const { supabase: { auth } } = useBackend();
  const again = useAuthAction<void, unknown>(async () =>
    authData(
      await auth.resend({ type: "email_change", email: newEmail, options: { emailRedirectTo: mailReturnUrl() } }),
    )
  );
  return (
    <Alert color="blue" variant="light" icon={<Mail />} title={`Waiting for you to confirm ${newEmail}`} role="status">
      <Stack gap="sm" align="start">
        <Text size="sm">
          We sent a link to {newEmail} and, for your security, usually one to {email}{" "}
          as well. Open the link in each email that you get. Until then you sign in with {email}.
        </Text>
        <AuthFailure failure={again.failure} />
        <Button
          size="xs"
          variant="light"
          loading={again.isPending}
          onClick={() =>
            again.start()}
        >
          Send the link again
        </Button>
        <CapturedMail />
      </Stack>
    </Alert>
  );
}
