import { ActionIcon, useMantineColorScheme } from "@mantine/core";
import { COLOR_SCHEMES } from "./color-schemes.ts";

/** Goes on to the next choice of colors. For the sign-in screen, which loads no menu. */
export function ColorSchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const index = COLOR_SCHEMES.findIndex(({ value }) => value === colorScheme);
  const { label, icon: Icon } = COLOR_SCHEMES[index]!;
  const next = COLOR_SCHEMES[(index + 1) % COLOR_SCHEMES.length]!;
  const title = `Colors: ${label}. Change to ${next.label}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      title={title}
      aria-label={title}
      onClick={() => setColorScheme(next.value)}
    >
      <Icon size={19} strokeWidth={1.7} />
    </ActionIcon>
  );
}
