import { Group, Text, Title } from "@mantine/core";
import { type ReactNode, type RefObject, useEffect, useRef } from "react";
import { useTabTitle } from "./tab-title.ts";

/** The id of the page's `main`. */
export const CONTENT_ID = "content";

/** The heading of a screen. Also sets the title of the browser tab. */
export function ScreenTitle({ title, description, aside }: { title: string; description?: string; aside?: ReactNode }) {
  const heading = useScreenHeading();
  useTabTitle(title);
  return (
    <Group justify="space-between" align="end" mb="lg" gap="sm">
      <div className="screen-title">
        <Title order={1} size="h2" ref={heading} tabIndex={-1}>{title}</Title>
        {description !== undefined && <Text c="dimmed">{description}</Text>}
      </div>
      {aside}
    </Group>
  );
}

/** The `ref` of a screen's `h1`, which needs `tabIndex={-1}`: a heading that appears after its screen was opened is focused. */
export function useScreenHeading(): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (document.activeElement?.id === CONTENT_ID) heading.current?.focus({ preventScroll: true });
  }, []);
  return heading;
}
