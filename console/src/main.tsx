/// <reference types="@types/react" />
/// <reference types="@types/react-dom" />
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { forgetCampaignDrafts } from "./campaigns/forget-drafts.ts";
import { loadConfig } from "./platform/config.ts";
import { createBackend } from "./platform/backend.tsx";
import { keepFocus } from "./platform/keep-focus.ts";
import { forgetMessages } from "./send-message/forget.ts";
import { createBrowserSession, takeArrival } from "./session/browser-session.ts";
import { navigate } from "./shell/hash-location.ts";
import { StartFailure } from "./start-failure.tsx";

const arrival = takeArrival();
keepFocus();
const root = createRoot(document.getElementById("root")!);
try {
  const backend = createBackend(await loadConfig());
  const session = createBrowserSession(backend.supabase.auth, arrival, {
    goTo: (path) => navigate(path, { replace: true }),
    forget: (userId) => {
      forgetMessages(userId);
      forgetCampaignDrafts(userId);
    },
  });
  root.render(
    <StrictMode>
      <App backend={backend} session={session} />
    </StrictMode>,
  );
} catch (error) {
  root.render(<StartFailure reason={error instanceof Error ? error.message : String(error)} />);
}
