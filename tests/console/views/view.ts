import type { Page } from "playwright-core";
import type { Scene, SceneUser } from "./scene.ts";

/** One view of the console: a screen, or a screen with something opened on it. */
export interface View {
  name: string;
  /** Null: signed out. */
  user: SceneUser | null;
  /** The route, without the hash. */
  path: string | ((scene: Scene) => string | Promise<string>);
  /** The least width of the window that has what is opened. */
  minWidth?: number;
  /** One of the screens that the gate looks at. The soak looks at every view. */
  inGate?: true;
  /** Opens what the view shows, after its screen is loaded. */
  open?: (page: Page) => Promise<void>;
}

/** The views that a window of this width has. */
export function fitting<V extends View>(views: readonly V[], width: number): V[] {
  return views.filter(({ minWidth = 0 }) => width >= minWidth);
}

/** Clicks on the first control of a name that can be seen. */
export const click = (role: "button" | "link" | "menuitem", name: string | RegExp) => (page: Page) =>
  page.getByRole(role, { name }).filter({ visible: true }).first().click();
