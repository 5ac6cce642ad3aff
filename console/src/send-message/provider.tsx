import { MutationObserver, onlineManager, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef } from "react";
import type { SentMessage, Switchboard } from "../../../client/switchboard.ts";
import { slotOf } from "./draft.ts";
import type { PendingMessage, Settled } from "./outbox.ts";
import type { Sides } from "./sides.ts";
import { Store } from "./store.ts";

/** The methods of the typed client that are used. */
export type SendClient = Pick<
  Switchboard,
  "sendSms" | "sendBulk" | "listNumbers" | "listMessages" | "subaccount" | "optOuts" | "contacts"
>;

/** Where a person finds what they need to send. A place without a URL is named without a link. */
export interface Places {
  numbers?: string;
  subaccount?: string;
  plan?: string;
}

export interface SwitchboardProviderProps {
  switchboard: SendClient;
  /** The signed-in user. Drafts are stored for each user. */
  userId: string;
  places?: Places;
  /** A message of the dialog was sent. */
  onSent?: (message: SentMessage) => void;
  /** A message was sent or not, and nothing on the screen shows it. Not called for a reply that is sent within seconds. */
  onSettledUnseen?: (pending: PendingMessage, settled: Settled) => void;
  children: ReactNode;
}

interface Sending {
  switchboard: SendClient;
  userId: string;
  places: Places;
  store: Store;
  /** How many fields on the screen write to each slot. */
  watched: Map<string, number>;
  onSent: (message: SentMessage) => void;
}

const SendingContext = createContext<Sending | null>(null);

/** Gives `<SendMessage>` the client and the user, and sends what waits while it is on the screen. */
export function SwitchboardProvider(props: SwitchboardProviderProps) {
  const { switchboard, userId, places, children } = props;
  const queryClient = useQueryClient();
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });

  const sending = useMemo((): Sending => ({
    switchboard,
    userId,
    places: places ?? {},
    store: new Store({
      userId,
      send: (pending) => send(queryClient, switchboard, pending),
      show: (sides) => show(queryClient, sides),
      isOnline: () => onlineManager.isOnline(),
      onNetwork: (listener) => onlineManager.subscribe(listener),
    }),
    watched: new Map(),
    onSent: (message) => latest.current.onSent?.(message),
  }), [switchboard, userId, queryClient]);

  useEffect(() => {
    const { store, watched } = sending;
    const end = store.start();
    const endSettled = store.outbox.onSettled((pending, settled) => {
      if (watched.has(pending.slot)) return;
      if (settled.outcome === "sent" && (watched.has(slotOf(pending)) || isQuickReply(pending))) return;
      latest.current.onSettledUnseen?.(pending, settled);
    });
    return () => {
      endSettled();
      end();
    };
  }, [sending]);

  return <SendingContext value={sending}>{children}</SendingContext>;
}

export function useSending(): Sending {
  const sending = useContext(SendingContext);
  if (sending === null) throw new Error("Cannot send messages outside of SwitchboardProvider");
  return sending;
}

/** A reply that is sent sooner was seen on its way, by an author who had no reason to wait for its end. */
const QUICK_MS = 5_000;

function isQuickReply(pending: PendingMessage): boolean {
  return pending.slot === slotOf(pending) && Date.now() - pending.at < QUICK_MS;
}

/** As a mutation, so that the rules of the host's query client hold for it, too: such as the end of a session. */
function send(queryClient: QueryClient, switchboard: SendClient, pending: PendingMessage): Promise<SentMessage> {
  const { id, own, peer, content: { body, mediaUrls } } = pending;
  const message = { from: own, to: peer, ...(body !== "" && { body }), ...(mediaUrls.length > 0 && { mediaUrls }) };
  return new MutationObserver<SentMessage>(queryClient, {
    mutationFn: () => switchboard.sendSms(message, { idempotencyKey: id }),
    // The outbox repeats it, and waits for the network.
    retry: false,
    networkMode: "always",
  }).mutate();
}

/** How long a message may stay pending on the screen after it was sent. */
const SHOWN_AFTER_MS = 5_000;

/** Reads what shows the message again. The query keys are the console's. */
async function show(queryClient: QueryClient, { own, peer }: Sides): Promise<void> {
  const keys = [["conversations"], ["thread", own, peer], ["messages"]];
  const read = Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey })));
  const limit = new Promise((resolve) => setTimeout(resolve, SHOWN_AFTER_MS));
  await Promise.race([read.catch(() => {}), limit]);
}
