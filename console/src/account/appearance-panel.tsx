import { Group, type MantineColorScheme, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { COLOR_SCHEMES } from "../platform/color-schemes.ts";
import { Panel } from "../platform/panel.tsx";

/** The choice of the console's colors, for this browser. */
export function AppearancePanel() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Panel title="Appearance" description="For this browser. “System” follows the setting of your device.">
      <SegmentedControl
        className="segments-wrap"
        withItemsBorders={false}
        aria-label="Colors"
        value={colorScheme}
        onChange={(value) => setColorScheme(value as MantineColorScheme)}
        data={COLOR_SCHEMES.map(({ value, label, icon: Icon }) => ({
          value,
          label: (
            <Group gap={8} wrap="nowrap" justify="center">
              <Icon size={16} aria-hidden />
              {label}
            </Group>
          ),
        }))}
      />
    </Panel>
  );
}
