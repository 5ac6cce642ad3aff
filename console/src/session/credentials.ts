import { isEmail, type UseFormReturnType } from "@mantine/form";

export interface Credentials {
  email: string;
  password: string;
}

export type CredentialsForm = UseFormReturnType<Credentials>;

/** The shortest password that the console offers. Auth may demand more, and then says so. */
export const MIN_PASSWORD = 8;
/** Auth hashes with bcrypt, which reads no more bytes. */
const MAX_PASSWORD_BYTES = 72;

/** Returns why a text is no email, for `useForm`. */
export const emailError = isEmail("Enter a valid email, such as you@company.com");

/** Returns why a new password cannot be used. */
export function newPasswordError(password: string): string | null {
  if (password.length < MIN_PASSWORD) return `Use at least ${MIN_PASSWORD} characters`;
  const bytes = new TextEncoder().encode(password).length;
  return bytes > MAX_PASSWORD_BYTES ? `Use a shorter password: at most ${MAX_PASSWORD_BYTES} letters and digits` : null;
}
