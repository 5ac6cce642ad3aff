import { useMutation } from "@tanstack/react-query";
import { useBackend } from "../platform/backend.tsx";

export interface Credentials {
  email: string;
  password: string;
}

export type Purpose = "sign-in" | "sign-up";

/** Signs in or up. Resolves to false if the address must be confirmed by e-mail before the session starts. */
export function useCredentials(purpose: Purpose) {
  const { supabase: { auth } } = useBackend();
  return useMutation({
    mutationFn: async (credentials: Credentials) => {
      const { data, error } = purpose === "sign-in"
        ? await auth.signInWithPassword(credentials)
        : await auth.signUp(credentials);
      if (error !== null) throw error;
      return data.session !== null;
    },
  });
}
