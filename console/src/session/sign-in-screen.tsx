import { Anchor, Paper, Stack, Text, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import { Brand } from "../platform/brand.tsx";
import { ColorSchemeToggle } from "../platform/color-scheme-toggle.tsx";
import { CredentialsForm } from "./credentials-form.tsx";
import { DemoUsers } from "./demo-users.tsx";
import { Promises } from "./promises.tsx";
import type { Credentials, Purpose } from "./use-credentials.ts";

const EMPTY_CREDENTIALS: Credentials = { email: "", password: "" };

/** The screen for signed-out visitors: sign in or create an account. */
export function SignInScreen() {
  const [purpose, setPurpose] = useState<Purpose>("sign-in");
  const [credentials, setCredentials] = useState(EMPTY_CREDENTIALS);
  const signingIn = purpose === "sign-in";
  useEffect(() => {
    document.title = "Sign in · Switchboard";
  }, []);

  function fill(demo: Credentials) {
    setPurpose("sign-in");
    setCredentials(demo);
  }

  return (
    <div className="sign-in">
      <aside className="sign-in-promises">
        <Promises />
      </aside>
      <main className="sign-in-form">
        <div className="sign-in-scheme">
          <ColorSchemeToggle />
        </div>
        <Stack w="100%" maw={400} gap="lg">
          <div className="sign-in-brand">
            <Brand />
          </div>
          <div>
            <Title order={1} size="h2">{signingIn ? "Welcome back" : "Create your account"}</Title>
            <Text c="dimmed">
              {signingIn ? "Sign in to your phone system." : "Get your own phone system in a minute."}
            </Text>
          </div>
          <Paper withBorder radius="lg" p="lg">
            <CredentialsForm key={purpose} purpose={purpose} credentials={credentials} onChange={setCredentials} />
          </Paper>
          <Text size="sm" ta="center">
            {signingIn ? "New here? " : "Have an account? "}
            <Anchor
              component="button"
              type="button"
              size="sm"
              onClick={() => setPurpose(signingIn ? "sign-up" : "sign-in")}
            >
              {signingIn ? "Create an account" : "Sign in instead"}
            </Anchor>
          </Text>
          <DemoUsers onChoose={fill} />
        </Stack>
      </main>
    </div>
  );
}
