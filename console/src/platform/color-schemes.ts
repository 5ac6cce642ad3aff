import type { MantineColorScheme } from "@mantine/core";
import { type LucideIcon, Monitor, Moon, Sun } from "lucide-react";

/** The choices of colors. `auto` follows the system. */
export const COLOR_SCHEMES: readonly { value: MantineColorScheme; label: string; icon: LucideIcon }[] = [
  { value: "light", label: "Light", icon: Sun },
  { value: "dark", label: "Dark", icon: Moon },
  { value: "auto", label: "System", icon: Monitor },
];
