import { useLocalStorage, useOs } from "@mantine/hooks";
import { useSending } from "./provider.tsx";

/** Which key sends. Ctrl (on Apple's keyboards ⌘) with Enter always sends, Shift with Enter never does. */
export type EnterKey = "sends" | "new-line";

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
  altKey: boolean;
  /** Whether an input method is composing a word: there, Enter confirms the word. */
  isComposing: boolean;
  /** 229 while an input method handles the key, in browsers that end the composition before the event. */
  keyCode: number;
}

export function isSendKey(press: KeyPress, enter: EnterKey): boolean {
  if (press.key !== "Enter" || press.isComposing || press.keyCode === 229) return false;
  if (press.shiftKey || press.altKey) return false;
  return press.ctrlKey || press.metaKey || enter === "sends";
}

/** The user's preference in this browser. */
export function useEnterKey() {
  const { userId } = useSending();
  const [enter, setEnter] = useLocalStorage<EnterKey>({
    key: `switchboard-preferences/${userId}/enter`,
    defaultValue: "new-line",
    getInitialValueInEffect: false,
  });
  const os = useOs({ getValueInEffect: false });
  const modifier = os === "macos" || os === "ios" ? "⌘" : "Ctrl";
  return { enter, setEnter, modifier };
}
