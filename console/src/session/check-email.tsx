import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useBackend } from "../platform/backend.tsx";
import { AuthFailure } from "./auth-failure.tsx";
import { mailReturnUrl } from "./browser-session.ts";
import { CapturedMail } from "./captured-mail.tsx";
import { authData, useAuthAction } from "./use-auth-action.ts";

/** Shown after a link to confirm the email was sent, with a way to get another. */
export function ConfirmEmail({ email, onBack }: { email: string; onBack: () => void }) {
  const { supabase: { auth } } = useBackend();
  const [isSentAgain, setSentAgain] = useState(false);
  const again = useAuthAction<void, unknown>(
    async () => authData(await auth.resend({ type: "signup", email, options: { emailRedirectTo: mailReturnUrl() } })),
    { onSuccess: () => setSentAgain(true) },
  );
  return (
    <Stack gap="md">
      <Text size="sm">
        Open the link that we sent to <strong>{email}</strong>{" "}
        to confirm your email. It can take a minute to arrive, and may be in your spam folder.
      </Text>
      <AuthFailure failure={again.failure} />
      {isSentAgain && again.failure === null && !again.isPending && (
        <Text size="sm" role="status">We sent the link again.</Text>
      )}
      <Button variant="default" loading={again.isPending} onClick={() => again.start()}>Send the link again</Button>
      <CapturedMail />
      <BackToSignIn onBack={onBack} />
    </Stack>
  );
}

/** Shown after a link to choose a new password was asked for, also for an email without an account. */
export function ResetSent({ email, onBack }: { email: string; onBack: () => void }) {
  return (
    <Stack gap="md">
      <Text size="sm">
        If <strong>{email}</strong>{" "}
        has an account, a link to choose a new password is on its way. It can take a minute to arrive, and may be in
        your spam folder. You can ask for another after a minute.
      </Text>
      <CapturedMail />
      <BackToSignIn onBack={onBack} />
    </Stack>
  );
}

function BackToSignIn({ onBack }: { onBack: () => void }) {
  return (
    <Group>
      <Anchor component="button" type="button" size="sm" onClick={onBack}>Back to sign in</Anchor>
    </Group>
  );
}
