import { Alert, Code, Text } from "@mantine/core";
import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { AuthWording } from "./auth-wording.ts";

/** Shows an error of Auth below the fields of a form, with its code for support and perhaps a way out. */
export function AuthFailure({ failure, children }: { failure: AuthWording | null; children?: ReactNode }) {
  if (failure === null) return null;
  return (
    <Alert color="red" variant="light" icon={<CircleAlert />} role="alert">
      <Text size="sm">{failure.message}</Text>
      <Code>{failure.code}</Code>
      {children}
    </Alert>
  );
}
