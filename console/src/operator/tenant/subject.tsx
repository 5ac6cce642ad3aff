import { Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

/** A titled part of a tab, with its actions to the right of the title. */
export function Subject({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id} className="subject">
      <div className="subject-head">
        <Title order={3} size="h5" id={id}>{title}</Title>
        {aside}
      </div>
      {children}
    </section>
  );
}
