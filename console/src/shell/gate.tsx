import { Button, Center, Loader, Stack, Text, Title } from "@mantine/core";
import { useTimeout } from "@mantine/hooks";
import { Suspense, useState } from "react";
import { useLocation } from "wouter";
import { announce } from "../platform/notify.ts";
import { part } from "../platform/part.tsx";
import { useSessionState } from "../session/session.tsx";
import { NEW_PASSWORD_PATH } from "../session/session-store.ts";
import { SessionToasts } from "../session/session-toasts.tsx";
import { SignInScreen } from "../session/sign-in-screen.tsx";

const Shell = part(() => import("./shell.tsx").then(({ Shell }) => Shell));
const NewPasswordScreen = part(() =>
  import("../session/new-password-screen.tsx").then(({ NewPasswordScreen }) => NewPasswordScreen)
);

/** Shows the shell to signed-in users, and the sign-in screen to others. */
export function Gate() {
  const session = useSessionState();
  const [location] = useLocation();
  switch (session.status) {
    case "loading":
      return <Loading />;
    case "unreachable":
      return <Unreachable />;
    case "signed-out":
      return <SignInScreen />;
    case "signed-in":
      return (
        <Suspense fallback={<Loading />}>
          {location === NEW_PASSWORD_PATH
            ? <NewPasswordScreen key={session.user.id} onChanged={announceNewPassword} />
            : <Shell key={session.user.id} />}
          <SessionToasts />
        </Suspense>
      );
  }
}

function announceNewPassword() {
  announce({ title: "Your password is changed", message: "Use it from now on" });
}

const SLOW_MS = 6_000;

function Loading() {
  const [isSlow, setSlow] = useState(false);
  useTimeout(() => setSlow(true), SLOW_MS, { autoInvoke: true });
  return isSlow ? <Unreachable isWaiting /> : (
    <Center mih="100dvh">
      <Loader aria-label="Loading" />
    </Center>
  );
}

/** Shown while the session cannot be renewed, because the server does not answer. The session is kept. */
function Unreachable({ isWaiting = false }: { isWaiting?: boolean }) {
  return (
    <Center component="main" mih="100dvh" p="lg">
      <Stack align="center" gap="sm" maw={420} role="status">
        {isWaiting && <Loader aria-hidden />}
        <Title order={1} size="h3" ta="center">{isWaiting ? "Still connecting" : "Cannot reach the server"}</Title>
        <Text c="dimmed" ta="center">
          {isWaiting ? "" : "You are still signed in. "}Check your connection: this page continues when the server
          answers.
        </Text>
        <Button variant="default" onClick={() => globalThis.location.reload()}>Try again</Button>
      </Stack>
    </Center>
  );
}
