import { Anchor, Stack } from "@mantine/core";
import { useMemo } from "react";
import type { SentMessage } from "../../../client/switchboard.ts";
import { isE164 } from "../phone/phone-format.ts";
import { LoadFailure } from "../platform/load-failure.tsx";
import { Loading } from "../platform/loading.tsx";
import { CannotSend } from "./cannot-send.tsx";
import { Composer } from "./composer.tsx";
import { NO_CONTENT, type Slot, slotOf, slotOfText } from "./draft.ts";
import { OptedOut } from "./opted-out.tsx";
import { PendingList } from "./pending-list.tsx";
import { useSending } from "./provider.tsx";
import { useDraftForm } from "./use-draft-form.ts";
import { useOnSent } from "./use-on-sent.ts";
import { useOptOut } from "./use-opt-out.ts";
import { priceText, usePrice } from "./use-price.ts";
import { usePendingMessages } from "./use-send-message.ts";
import { useSenders } from "./use-senders.ts";

export interface ReplyFormProps {
  own: string;
  peer: string;
  /** The text to begin with. */
  body: string | undefined;
  onSent: ((message: SentMessage) => void) | undefined;
  showsPending: boolean;
  autoFocus: boolean;
  /** The user continues from another number, because this one cannot send. */
  onOtherNumber: () => void;
}

/** The field for a message of one conversation. */
export function ReplyForm(props: ReplyFormProps) {
  const { own, peer } = props;
  const { senders, error, refetch } = useSenders();
  const slot = slotOfReply(props);
  if (senders === undefined) {
    return (
      <div className="send-form">
        {error === null ? <Loading h={62} label="Loading" /> : <LoadFailure error={error} onRetry={refetch} />}
      </div>
    );
  }
  // A released number cannot send, nor can a shared number once the tenant has a subaccount, nor one that was never theirs.
  const sender = senders.numbers.find(({ phoneNumber }) => phoneNumber === own);
  const reason = senders.obstacle ?? (sender === undefined ? "not-a-sender" : isE164(peer) ? null : "no-reply");
  if (reason !== null || sender === undefined) {
    return (
      <div className="send-form">
        <CannotSend reason={reason ?? "not-a-sender"} slot={slot}>
          {reason === "not-a-sender" && isE164(peer) && (
            <Anchor component="button" type="button" inherit underline="always" onClick={props.onOtherNumber}>
              Send from another number
            </Anchor>
          )}
        </CannotSend>
      </div>
    );
  }
  return <Reply key={`${own}~${peer}`} {...props} slot={slot} mms={sender.mms} isShared={senders.notice !== null} />;
}

function slotOfReply({ own, peer, body }: Pick<ReplyFormProps, "own" | "peer" | "body">): Slot {
  return body === undefined ? slotOf({ own, peer }) : slotOfText({ from: own, to: peer, body });
}

function Reply(props: ReplyFormProps & { slot: Slot; mms: boolean; isShared: boolean }) {
  const { own, peer, body, slot, onSent, showsPending, autoFocus, mms, isShared } = props;
  const { store: { outbox } } = useSending();
  const initial = useMemo(() => ({ ...NO_CONTENT, from: own, to: peer, body: body ?? "" }), [own, peer, body]);
  const draft = useDraftForm(slot, initial);
  const { values } = draft.form;
  const optOut = useOptOut(own, peer);
  const price = usePrice({ own: isShared ? null : own, peer, ...values });
  const pending = usePendingMessages({ own, peer });
  const watch = useOnSent(onSent);

  function send() {
    const content = draft.form.getValues();
    const id = draft.take();
    watch(id);
    outbox.add({ id, slot, content, own, peer });
  }

  return (
    <form className="send-form" aria-label="Write a message" onSubmit={draft.form.onSubmit(send)}>
      <Stack gap="xs">
        {showsPending && <PendingList pending={pending} />}
        {optOut && <OptedOut optOut={optOut} own={own} />}
        {/* What was written before the recipient opted out stays. */}
        {(!optOut || draft.isChanged) && (
          <Composer
            draft={draft}
            fields={[]}
            mms={mms}
            price={price && priceText(price)}
            disabled={Boolean(optOut)}
            autoFocus={autoFocus}
          />
        )}
      </Stack>
    </form>
  );
}
