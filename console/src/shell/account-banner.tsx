import { lazy, Suspense } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { loadInTime } from "../platform/load-in-time.ts";

const Banner = lazy(() =>
  loadInTime(async () => ({ default: (await import("../overview/account-banner.tsx")).AccountBanner }))
);

/** What the tenant must know about the account on every screen, above its content. Without its code, the screen says more. */
export function AccountBanner() {
  return (
    <ErrorBoundary fallback={null} onError={(error) => console.error(error)}>
      <Suspense fallback={null}>
        <Banner />
      </Suspense>
    </ErrorBoundary>
  );
}
