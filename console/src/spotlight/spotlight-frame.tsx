import { useMantineColorScheme } from "@mantine/core";
import { createSpotlight, Spotlight as MantineSpotlight } from "@mantine/spotlight";
import { LogOut, type LucideIcon, Search, Settings } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { COLOR_SCHEMES } from "../platform/color-schemes.ts";
import { matchesSearch } from "../platform/marks.ts";
import { ACCOUNT_PATH } from "../session/session-store.ts";
import { useSessionStore } from "../session/session.tsx";

/** How long after the last key a search starts. */
export const TYPING_MS = 200;
/** How many of each kind are shown. */
export const FOUND = 5;

export interface SpotlightProps {
  screens: readonly { path: string; label: string; icon: LucideIcon }[];
}

/** On the dialog itself: other properties are of the element around it. */
const ATTRIBUTES = { content: { "aria-label": "Search and commands" } };
/** Cuts long words off. */
const CLASS_NAMES = { actionBody: "found-body", actionLabel: "found-text", actionDescription: "found-text" };

const [store, spotlight] = createSpotlight();
export const openSpotlight = spotlight.open;

/** Something to do, or a place to go to. */
export interface Action {
  id: string;
  label: string;
  /** What else it is found by. */
  keywords?: string;
  description?: string;
  icon: LucideIcon;
  run: () => void;
}

/** What a search on the server has found. */
export interface Found {
  groups: readonly (readonly [label: string, actions: readonly Action[]])[];
  isSearching: boolean;
  /** What is said where the search failed; null where it did not. */
  failure: string | null;
}

export interface SpotlightFrameProps extends SpotlightProps {
  /** Of the field. */
  label: string;
  actions: readonly Action[];
  /** A hook: what the server finds for a text, which may be empty. */
  useFound: (search: string) => Found;
}

/** Goes to a screen or to what a search finds, or starts an action, by typing. */
export function SpotlightFrame({ screens, label, actions, useFound }: SpotlightFrameProps) {
  const [query, setQuery] = useState("");
  const search = query.trim();
  const found = useFound(search);
  useEffect(() => spotlight.open(), []);

  const [, navigate] = useLocation();
  const places = screens.map(({ path, label, icon }): Action => ({
    id: path,
    label,
    keywords: "go to open",
    icon,
    run: () => navigate(path),
  }));
  const groups: Found["groups"] = [
    ["Go to", matching(places, search)],
    ["Actions", matching(actions, search)],
    ...found.groups,
  ];
  const count = groups.reduce((sum, [, actions]) => sum + actions.length, 0);
  const isEmpty = count === 0;
  useFirstSelected(search, count);

  return (
    <MantineSpotlight.Root
      attributes={ATTRIBUTES}
      store={store}
      query={query}
      onQueryChange={setQuery}
      onSpotlightClose={() => setQuery("")}
      shortcut={null}
      scrollable
      maxHeight={420}
      radius="lg"
      transitionProps={{ duration: 100 }}
    >
      <MantineSpotlight.Search
        aria-label={label}
        placeholder="Search or choose"
        leftSection={<Search size={18} aria-hidden />}
        maxLength={200}
      />
      <MantineSpotlight.ActionsList>
        {groups.filter(([, actions]) => actions.length > 0).map(([label, actions]) => (
          <MantineSpotlight.ActionsGroup key={label} label={label}>
            {actions.map(({ id, label, description, icon: Icon, run }) => (
              <MantineSpotlight.Action
                key={id}
                label={label}
                {...(description !== undefined && { description })}
                classNames={CLASS_NAMES}
                leftSection={<Icon size={18} strokeWidth={1.7} aria-hidden />}
                onClick={run}
              />
            ))}
          </MantineSpotlight.ActionsGroup>
        ))}
        {isEmpty && found.failure === null && (
          <MantineSpotlight.Empty style={{ overflowWrap: "anywhere" }}>
            {found.isSearching ? "Searching…" : `Nothing matches “${search}”`}
          </MantineSpotlight.Empty>
        )}
        {found.failure !== null && <MantineSpotlight.Empty>{found.failure}</MantineSpotlight.Empty>}
      </MantineSpotlight.ActionsList>
    </MantineSpotlight.Root>
  );
}

/** Selects the first of what a search finds, so that Enter chooses it. What the arrow keys selected stays selected. */
function useFirstSelected(search: string, count: number): void {
  const last = useRef(search);
  useEffect(() => {
    const isNew = last.current !== search;
    last.current = search;
    if (search === "" || count === 0) return;
    const { listId, selected } = store.getState();
    if (!isNew && selected >= 0) return;
    const found = document.getElementById(listId)?.querySelectorAll("[data-action]") ?? [];
    for (const action of found) action.removeAttribute("data-selected");
    found[0]?.setAttribute("data-selected", "true");
    store.updateState((state) => ({ ...state, selected: 0 }));
  }, [search, count]);
}

function matching(actions: readonly Action[], search: string): Action[] {
  return actions.filter(({ label, keywords = "" }) => matchesSearch(`${label} ${keywords}`, search));
}

/** The actions of every user: the colors, their settings, and leaving. */
export function useCommonActions(): { colors: Action[]; account: Action; signOut: Action } {
  const session = useSessionStore();
  const { setColorScheme } = useMantineColorScheme();
  const [, navigate] = useLocation();
  return {
    colors: COLOR_SCHEMES.map(({ value, label, icon }): Action => ({
      id: `colors ${value}`,
      label: `Colors: ${label}`,
      keywords: "theme scheme",
      icon,
      run: () => setColorScheme(value),
    })),
    account: {
      id: "account",
      label: "Account",
      keywords: "email password",
      icon: Settings,
      run: () => navigate(ACCOUNT_PATH),
    },
    signOut: {
      id: "sign-out",
      label: "Sign out",
      keywords: "log out leave",
      icon: LogOut,
      run: () => void session.signOut("local"),
    },
  };
}
