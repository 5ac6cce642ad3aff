import { PasswordInput, type PasswordInputProps } from "@mantine/core";
import { MIN_PASSWORD } from "./credentials.ts";

/** The field of a new password. */
export function NewPasswordField(props: PasswordInputProps) {
  return (
    <PasswordInput
      label="Password"
      autoComplete="new-password"
      description={`At least ${MIN_PASSWORD} characters`}
      {...props}
    />
  );
}
