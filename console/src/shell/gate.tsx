import { Center, Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { loadInTime } from "../platform/load-in-time.ts";
import { useSession } from "../session/session.tsx";
import { SignInScreen } from "../session/sign-in-screen.tsx";

const Shell = lazy(() => loadInTime(async () => ({ default: (await import("./shell.tsx")).Shell })));

/** Shows the shell to signed-in users, and the sign-in screen to others. */
export function Gate() {
  const session = useSession();
  if (session === undefined) return <Loading />;
  if (session === null) return <SignInScreen />;
  return (
    <Suspense fallback={<Loading />}>
      <Shell key={session.id} />
    </Suspense>
  );
}

function Loading() {
  return (
    <Center mih="100dvh">
      <Loader aria-label="Loading" />
    </Center>
  );
}
