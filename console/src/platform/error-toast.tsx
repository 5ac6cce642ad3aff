import { notifications } from "@mantine/notifications";
import { ErrorReference } from "./error-reference.tsx";
import { isFailure } from "./failure.ts";

/** Long enough to read a sentence and copy the request id. */
const VISIBLE_MS = 12_000;

/** Shows an error's message, code and request id. The same error is shown once. */
export function showError(error: unknown): void {
  const { message, code } = isFailure(error) ? error : { message: String(error), code: "console_error" };
  notifications.show({
    id: `${code}:${message}`,
    color: "red",
    title: message,
    message: <ErrorReference error={error} />,
    autoClose: VISIBLE_MS,
    role: "alert",
  });
}
