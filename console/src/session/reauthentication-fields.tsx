import { PasswordInput, Stack, TextInput } from "@mantine/core";
import { CapturedMail } from "./captured-mail.tsx";
import type { Demand, PasswordForm } from "./use-password-change.ts";

/** The fields that Auth demands besides the new password. Renders nothing until it does. */
export function ReauthenticationFields({ form, demands }: { form: PasswordForm; demands: readonly Demand[] }) {
  return (
    <>
      {demands.includes("currentPassword") && (
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          key={form.key("currentPassword")}
          {...form.getInputProps("currentPassword")}
        />
      )}
      {demands.includes("code") && (
        <Stack gap="xs">
          <TextInput
            label="Code from your email"
            description="You signed in a while ago, so we sent you a code"
            inputMode="numeric"
            autoComplete="one-time-code"
            key={form.key("code")}
            {...form.getInputProps("code")}
          />
          <CapturedMail />
        </Stack>
      )}
    </>
  );
}
