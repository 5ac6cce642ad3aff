import { useMutation } from "@tanstack/react-query";
import { type AuthField, type AuthWording, authWordingOf } from "./auth-wording.ts";

export interface AuthActionOptions<Result> {
  /** Shows a message at a field of the form. Messages of other fields are in `failure`. */
  fields?: Partial<Record<AuthField, (message: string) => void>>;
  onSuccess?: (result: Result) => void;
  onFailure?: (failure: AuthWording) => void;
}

/** A request to Auth whose errors are shown in the form that makes it. */
export interface AuthAction<Input> {
  start: (...input: Input extends void ? [] : [input: Input]) => void;
  isPending: boolean;
  /** What to show below the fields: the last error, unless it is shown at a field. */
  failure: AuthWording | null;
  reset: () => void;
}

/** Makes a request to Auth, and turns its error into the sentence of a field or of the form. */
export function useAuthAction<Input, Result>(
  run: (input: Input) => Promise<Result>,
  { fields = {}, onSuccess, onFailure }: AuthActionOptions<Result> = {},
): AuthAction<Input> {
  const mutation = useMutation({
    mutationFn: run,
    onSuccess: (result) => onSuccess?.(result),
    onError: (error) => {
      const wording = authWordingOf(error);
      if (wording.field !== undefined) fields[wording.field]?.(wording.message);
      onFailure?.(wording);
    },
  });
  const wording = mutation.error === null ? null : authWordingOf(mutation.error);
  const isAtField = wording?.field !== undefined && fields[wording.field] !== undefined;
  return {
    start: (...[input]) => mutation.mutate(input as Input),
    isPending: mutation.isPending,
    failure: isAtField ? null : wording,
    reset: mutation.reset,
  };
}

/** The data of a response of Auth. @throws its error */
export function authData<Answer extends { data: unknown; error: Error | null }>(
  { data, error }: Answer,
): Extract<Answer, { error: null }>["data"] {
  if (error !== null) throw error;
  return data;
}
