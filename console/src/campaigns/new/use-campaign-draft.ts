import { useEffect, useMemo, useRef, useState } from "react";
import { useUser } from "../../session/session.tsx";
import { type CampaignDraft, type Change, changed, emptyDraft, type Source } from "./draft.ts";
import { DraftStore, type StoredDraft } from "./draft-store.ts";
import type { TableRow } from "../../platform/table.ts";
import { columnsOf, dataRowsOf, guessNumberColumn, startsWithHeading } from "./table.ts";

/** The draft of the next campaign, with what changes it. */
export interface CampaignDrafting extends StoredDraft {
  /** Whether a reload keeps it. */
  isStored: boolean;
  change: (change: Change) => void;
  /** Takes over a list, and guesses what its columns are. */
  setList: (source: Source, table: TableRow[]) => void;
  discard: () => void;
  /** Notes that it is on its way, before the request: resolves when the browser has stored that. */
  begin: () => Promise<void>;
  /** Notes that the server certainly made no campaign of it. */
  refused: () => void;
  /** Notes the campaign that it became. */
  sent: (campaignId: string) => Promise<void>;
}

/** Undefined until it is read. A draft that was sent is not gone on with: the next one is empty. */
export function useCampaignDraft(): CampaignDrafting | undefined {
  const { id: userId } = useUser();
  const store = useMemo(() => new DraftStore(userId), [userId]);
  const [state, setState] = useState<StoredDraft>();
  const [isStored, setStored] = useState(true);
  const latest = useRef<StoredDraft>(undefined);

  function show(next: StoredDraft) {
    latest.current = next;
    setState(next);
  }

  useEffect(() => {
    let isCurrent = true;
    void store.read().then((stored) => {
      if (isCurrent) show(stored.draft.sentAs === null ? stored : { draft: emptyDraft(), table: [] });
    });
    return () => void (isCurrent = false);
  }, [store]);

  if (state === undefined) return undefined;

  async function keep(draft: CampaignDraft, table = latest.current?.table ?? []): Promise<void> {
    const isOtherTable = table !== latest.current?.table;
    show({ draft, table });
    if (isOtherTable) setStored(await store.writeTable(table));
    setStored(await store.write(draft));
  }
  const current = () => latest.current!.draft;

  return {
    ...state,
    isStored,
    change: (change) => void keep(changed(current(), change)),
    setList(source, table) {
      const hasHeading = startsWithHeading(table);
      const numberColumn = guessNumberColumn(columnsOf(table, hasHeading), dataRowsOf(table, hasHeading));
      void keep(changed(current(), { source, hasHeading, numberColumn }), table);
    },
    discard() {
      show({ draft: emptyDraft(), table: [] });
      void store.remove();
    },
    begin: () => keep({ ...current(), isUnanswered: true }),
    refused: () => void keep({ ...current(), isUnanswered: false }),
    // Stored only: the screen leaves for the campaign.
    sent: async (campaignId) => void await store.write({ ...current(), isUnanswered: false, sentAs: campaignId }),
  };
}
