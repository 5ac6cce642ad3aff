import { Suspense } from "react";
import { ErrorBoundary } from "react-error-boundary";
import { part } from "../platform/part.tsx";

const Banner = part(() => import("../overview/account-banner.tsx").then(({ AccountBanner }) => AccountBanner));

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
