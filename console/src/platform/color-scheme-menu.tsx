import { ActionIcon, type MantineColorScheme, Menu, Tooltip, useMantineColorScheme } from "@mantine/core";
import { useState } from "react";
import { COLOR_SCHEMES } from "./color-schemes.ts";

/** Chooses light or dark colors, or those of the system. */
export function ColorSchemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { label, icon: Icon } = COLOR_SCHEMES.find(({ value }) => value === colorScheme) ?? COLOR_SCHEMES[2]!;
  const [isOpen, setOpen] = useState(false);
  return (
    <Menu position="bottom-end" width={150} opened={isOpen} onChange={setOpen}>
      <Tooltip label="Colors" disabled={isOpen}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={`Colors: ${label}`}>
            <Icon size={19} strokeWidth={1.7} />
          </ActionIcon>
        </Menu.Target>
      </Tooltip>
      <Menu.Dropdown>
        <Menu.RadioGroup value={colorScheme} onChange={(value) => setColorScheme(value as MantineColorScheme)}>
          {COLOR_SCHEMES.map(({ value, label, icon: Icon }) => (
            <Menu.RadioItem key={value} value={value} rightSection={<Icon size={16} aria-hidden />}>
              {label}
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  );
}
