import { Container, Tabs } from "@mantine/core";
import type { ComponentType } from "react";
import { useLocation } from "wouter";
import { ScreenTitle } from "../../platform/screen-title.tsx";
import { Settled } from "../../platform/settled.tsx";
import "../operator.css";

export interface TabbedScreenProps {
  title: string;
  description: string;
  /** The address of the first tab; the others have their names behind it. */
  path: string;
  tabs: Readonly<Record<string, { label: string; Tab: ComponentType }>>;
  /** The name in the address. The first tab is shown unless it is one of `tabs`. */
  tab: string | undefined;
}

/** A screen of operators that shows one of several tabs, which the address names. */
export function TabbedScreen({ title, description, path, tabs, tab }: TabbedScreenProps) {
  const [, navigate] = useLocation();
  const [first, ...others] = Object.keys(tabs);
  const current = others.find((name) => name === tab) ?? first!;
  const { Tab } = tabs[current]!;
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title={title} description={description} />
      <Tabs value={current} onChange={(name) => navigate(name === first ? path : `${path}/${name}`)} mb="lg">
        <Tabs.List aria-label={title}>
          {Object.entries(tabs).map(([name, { label }]) => <Tabs.Tab key={name} value={name}>{label}</Tabs.Tab>)}
        </Tabs.List>
        <Tabs.Panel value={current} pt="lg">
          <Settled key={current}>
            <Tab />
          </Settled>
        </Tabs.Panel>
      </Tabs>
    </Container>
  );
}
