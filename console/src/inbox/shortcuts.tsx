import { Kbd, Table } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { modals } from "@mantine/modals";

/** Where a key belongs to what has the focus. */
const BUSY = 'textarea, select, [contenteditable="true"], [role="dialog"], [role="menu"], [role="listbox"], ' +
  'input:not([type="radio"], [type="checkbox"])';

/** What each key of the inbox does. */
export interface InboxKeys {
  /** Moves the focus by this many conversations. */
  move: (by: number) => void;
  markRead: () => void;
  markUnread: () => void;
  reply: () => void;
  write: () => void;
  search: () => void;
  close: () => void;
}

/** The keys of the inbox. None acts while the user types, or while a dialog or a menu is open. */
export function useInboxKeys({ move, markRead, markUnread, reply, write, search, close }: InboxKeys): void {
  const keys: Record<string, () => void> = {
    "J": () => move(1),
    "K": () => move(-1),
    "E": markRead,
    "U": markUnread,
    "R": reply,
    "C": write,
    "/": search,
    // Some keyboards have the slash on a shifted key.
    "shift+/": search,
    "shift+?": showShortcuts,
    "Escape": close,
  };
  useHotkeys(
    Object.entries(keys).map(([key, act]) => [key, (event) => isFree(event) && act(), { preventDefault: false }]),
    [],
  );
}

/** Whether the inbox may use the key. If so, the browser does not also type it into the field that gets the focus. */
function isFree(event: KeyboardEvent): boolean {
  const isOpen = document.querySelector('[role="dialog"], [role="menu"]') !== null;
  if (event.defaultPrevented || event.isComposing || isOpen) return false;
  if (event.target instanceof Element && event.target.closest(BUSY) !== null) return false;
  event.preventDefault();
  return true;
}

const SHORTCUTS: readonly (readonly [keys: readonly string[], action: string])[] = [
  [["J"], "Next conversation"],
  [["K"], "Previous conversation"],
  [["Enter"], "Open the conversation"],
  [["Esc"], "Back to the list"],
  [["R"], "Reply"],
  [["C"], "New message"],
  [["E"], "Mark as read"],
  [["U"], "Mark as unread"],
  [["/"], "Search"],
  [["Ctrl or ⌘", "K"], "Go to anything"],
  [["?"], "Show this list"],
];

/** Opens the list of shortcuts. */
export function showShortcuts(): void {
  modals.open({ modalId: "shortcuts", title: "Keyboard shortcuts", children: <Shortcuts /> });
}

function Shortcuts() {
  return (
    <Table>
      <Table.Tbody>
        {SHORTCUTS.map(([keys, action]) => (
          <Table.Tr key={action}>
            <Table.Th scope="row" fw={400}>{action}</Table.Th>
            <Table.Td ta="end" style={{ whiteSpace: "nowrap" }}>
              {keys.map((key, index) => (
                <span key={key}>
                  {index > 0 && " + "}
                  <Kbd>{key}</Kbd>
                </span>
              ))}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
