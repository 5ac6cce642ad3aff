import type { UseFormReturnType } from "@mantine/form";
import { useState } from "react";
import type { Supabase } from "../platform/backend.tsx";
import { authCodeOf, type AuthField } from "./auth-wording.ts";
import { type AuthAction, authData, useAuthAction } from "./use-auth-action.ts";

export interface PasswordChange {
  password: string;
  currentPassword: string;
  /** The code of a mail. */
  code: string;
}

export type PasswordForm = UseFormReturnType<PasswordChange>;

/** The fields that Auth demands besides the new password, as the project is set up and as old as the session is. */
export type Demand = Extract<AuthField, "currentPassword" | "code">;

const DEMANDED_BY: Readonly<Record<string, Demand>> = {
  current_password_required: "currentPassword",
  current_password_invalid: "currentPassword",
  reauthentication_needed: "code",
  reauth_nonce_missing: "code",
  reauthentication_not_valid: "code",
};

/** Changes the password of the signed-in user. Asks for a code by mail when Auth demands one. */
export function usePasswordChange(
  auth: Supabase["auth"],
  form: PasswordForm,
  onChanged: () => void,
): AuthAction<PasswordChange> & { demands: readonly Demand[]; resend: () => Promise<void> } {
  const [demands, setDemands] = useState<readonly Demand[]>([]);
  const resend = async () => void authData(await auth.reauthenticate());
  const action = useAuthAction(
    async ({ password, currentPassword, code }: PasswordChange) => {
      const { error } = await auth.updateUser({
        password,
        ...(currentPassword !== "" && { current_password: currentPassword }),
        ...(code !== "" && { nonce: code.trim() }),
      });
      if (error === null) return;
      const errorCode = authCodeOf(error);
      const demand = DEMANDED_BY[errorCode];
      if (demand !== undefined) setDemands((known) => known.includes(demand) ? known : [...known, demand]);
      // Auth says that it wants a code, and sends one when it is asked to.
      if (demand === "code" && errorCode !== "reauthentication_not_valid") await resend();
      throw error;
    },
    {
      fields: {
        password: (message) => form.setFieldError("password", message),
        currentPassword: (message) => form.setFieldError("currentPassword", message),
        code: (message) => form.setFieldError("code", message),
      },
      onSuccess: () => {
        setDemands([]);
        form.reset();
        onChanged();
      },
    },
  );
  return { ...action, demands, resend };
}
