import { ActionIcon, type ActionIconProps, useMantineColorScheme } from "@mantine/core";
import type { ComponentPropsWithRef } from "react";
import { COLOR_SCHEMES } from "./color-schemes.ts";

/** The button that opens the choice of colors. It shows the present one. */
export function ColorSchemeButton(
  props: ActionIconProps & Omit<ComponentPropsWithRef<"button">, keyof ActionIconProps>,
) {
  const { colorScheme } = useMantineColorScheme();
  const { label, icon: Icon } = COLOR_SCHEMES.find(({ value }) => value === colorScheme) ?? COLOR_SCHEMES[2]!;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={`Colors: ${label}`}
      aria-haspopup="menu"
      title="Colors"
      {...props}
    >
      <Icon size={19} strokeWidth={1.7} />
    </ActionIcon>
  );
}
