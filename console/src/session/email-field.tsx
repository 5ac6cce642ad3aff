import { TextInput, type TextInputProps } from "@mantine/core";

/** The field of an email. */
export function EmailField(props: TextInputProps) {
  return (
    <TextInput
      label="Email"
      type="email"
      inputMode="email"
      autoComplete="email"
      autoCapitalize="none"
      spellCheck={false}
      placeholder="you@company.com"
      {...props}
    />
  );
}
