import { useEffect } from "react";
import { useLocation } from "wouter";
import { useUser } from "../session/session.tsx";
import { isOperatorPath } from "./hash-location.ts";
import { OPERATOR_SCREENS, OWN_OVERVIEW_PATH, type Screen, TENANT_SCREENS } from "./screens.ts";

/** A part of the console with a navigation of its own. */
export interface Area {
  name: "tenant" | "operator";
  screens: readonly Screen[];
}

const OPERATOR: Area = { name: "operator", screens: OPERATOR_SCREENS };
const TENANT: Area = { name: "tenant", screens: TENANT_SCREENS };
const OWN_OF_OPERATOR: Area = {
  name: "tenant",
  screens: TENANT_SCREENS.map((screen) => screen.path === "/" ? { ...screen, path: OWN_OVERVIEW_PATH } : screen),
};

/** The area that the location belongs to. Other users than operators have one. */
export function useArea(): Area {
  const { isOperator } = useUser();
  const [location] = useLocation();
  if (!isOperator) return TENANT;
  return isOperatorPath(location) ? OPERATOR : OWN_OF_OPERATOR;
}

/** Gives the page the accent of an area: see `style.css`. */
export function useAccent(area: Area["name"]): void {
  useEffect(() => {
    document.documentElement.dataset["area"] = area;
    return () => void delete document.documentElement.dataset["area"];
  }, [area]);
}
