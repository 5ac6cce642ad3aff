import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { CircleAlert, Mail } from "lucide-react";
import type { FormEvent } from "react";
import { type Credentials, type Purpose, useCredentials } from "./use-credentials.ts";

export interface CredentialsFormProps {
  purpose: Purpose;
  credentials: Credentials;
  onChange: (credentials: Credentials) => void;
}

/** The e-mail and password fields, and the Auth server's error. */
export function CredentialsForm({ purpose, credentials, onChange }: CredentialsFormProps) {
  const attempt = useCredentials(purpose);
  const signingIn = purpose === "sign-in";

  function submit(event: FormEvent) {
    event.preventDefault();
    attempt.mutate({ email: credentials.email.trim(), password: credentials.password });
  }

  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="email"
          required
          withAsterisk={false}
          placeholder="you@company.com"
          value={credentials.email}
          onChange={(event) => onChange({ ...credentials, email: event.currentTarget.value })}
        />
        <PasswordInput
          label="Password"
          autoComplete={signingIn ? "current-password" : "new-password"}
          required
          withAsterisk={false}
          minLength={signingIn ? undefined : 8}
          description={signingIn ? undefined : "At least 8 characters"}
          value={credentials.password}
          onChange={(event) => onChange({ ...credentials, password: event.currentTarget.value })}
        />
        {attempt.isError && (
          <Alert color="red" variant="light" icon={<CircleAlert />} role="alert">{attempt.error.message}</Alert>
        )}
        {attempt.data === false && (
          <Alert color="blue" variant="light" icon={<Mail />} role="status">
            Check your e-mail: we sent you a link to confirm your address
          </Alert>
        )}
        <Button type="submit" fullWidth size="md" loading={attempt.isPending}>
          {signingIn ? "Sign in" : "Create account"}
        </Button>
      </Stack>
    </form>
  );
}
