import { lazy, Suspense, useState } from "react";
import { ColorSchemeButton } from "./color-scheme-button.tsx";

const ColorSchemeChoices = lazy(async () => ({
  default: (await import("./color-scheme-choices.tsx")).ColorSchemeChoices,
}));

/** Chooses light or dark colors, or those of the system. The menu is loaded when it is opened: the sign-in screen has no other. */
export function ColorSchemeMenu() {
  const [wasOpened, setOpened] = useState(false);
  if (!wasOpened) return <ColorSchemeButton onClick={() => setOpened(true)} />;
  return (
    <Suspense fallback={<ColorSchemeButton loading />}>
      <ColorSchemeChoices />
    </Suspense>
  );
}
