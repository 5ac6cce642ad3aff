import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { Router } from "wouter";
import { type Backend, BackendProvider } from "./platform/backend.tsx";
import { Boundary } from "./platform/boundary.tsx";
import { Gate } from "./shell/gate.tsx";
import { useHashLocation } from "./shell/hash-location.ts";
import { SessionProvider, type SessionStore } from "./session/session.tsx";
import { UserQueries } from "./session/user-queries.tsx";
import { cssVariables, theme } from "./theme.ts";

/** The console. Routes are in the URL's hash, so that any static host can serve it. */
export function App({ backend, session }: { backend: Backend; session: SessionStore }) {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
      <Notifications position="bottom-right" />
      <Boundary>
        <BackendProvider backend={backend}>
          <SessionProvider store={session}>
            <UserQueries>
              <Router hook={useHashLocation}>
                <Gate />
              </Router>
            </UserQueries>
          </SessionProvider>
        </BackendProvider>
      </Boundary>
    </MantineProvider>
  );
}
