import { Button } from "@mantine/core";
import { RefreshCw } from "lucide-react";
import { type ComponentType, lazy, type ReactNode, Suspense } from "react";
import { ErrorBoundary, type FallbackProps } from "react-error-boundary";
import { FailureAlert } from "./failure-alert.tsx";
import { loadInTime } from "./load-in-time.ts";
import { Loading } from "./loading.tsx";
import { isMissingVersion } from "./wording.ts";

/** What makes the parts whose code failed to load ask for it again. */
const failed = new Set<() => void>();

/**
 * A component whose code is loaded when it is shown first. React's `lazy` alone would repeat a failure for ever: this one loads
 * again after `retryParts`.
 */
export function part<Props extends object>(load: () => Promise<ComponentType<Props>>): ComponentType<Props> {
  let Current = lazy(attempt);
  async function attempt() {
    try {
      return { default: await loadInTime(load) };
    } catch (error) {
      failed.add(() => void (Current = lazy(attempt)));
      throw error;
    }
  }
  return function Part(props: Props) {
    return <Current {...props} />;
  };
}

/** Lets every part whose code failed to load try again when it is shown next. */
export function retryParts(): void {
  for (const renew of failed) renew();
  failed.clear();
}

export interface DialogPartProps {
  /** Of the placeholder: as high as the content, so that nothing moves when it appears. */
  height: number;
  label: string;
  children: ReactNode;
}

/** Content of a dialog that is loaded with it. A failure is said inside the dialog. */
export function DialogPart({ height, label, children }: DialogPartProps) {
  return (
    <ErrorBoundary FallbackComponent={PartFailure} onReset={retryParts} onError={(error) => console.error(error)}>
      <Suspense fallback={<Loading h={height} label={label} />}>{children}</Suspense>
    </ErrorBoundary>
  );
}

function PartFailure({ error, resetErrorBoundary }: FallbackProps) {
  const isOutdated = isMissingVersion(error);
  return (
    <FailureAlert error={error}>
      <Button
        size="xs"
        variant="light"
        color="red"
        leftSection={<RefreshCw size={14} />}
        onClick={() => isOutdated ? globalThis.location.reload() : resetErrorBoundary()}
      >
        {isOutdated ? "Reload" : "Try again"}
      </Button>
    </FailureAlert>
  );
}
