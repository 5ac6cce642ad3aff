import { Center, Loader } from "@mantine/core";
import { Shell } from "./shell.tsx";
import { useSession } from "../session/session.tsx";
import { SignInScreen } from "../session/sign-in-screen.tsx";

/** Shows the shell to signed-in users, and the sign-in screen to others. */
export function Gate() {
  const session = useSession();
  if (session === undefined) {
    return (
      <Center mih="100dvh">
        <Loader aria-label="Loading" />
      </Center>
    );
  }
  return session === null ? <SignInScreen /> : <Shell key={session.id} />;
}
