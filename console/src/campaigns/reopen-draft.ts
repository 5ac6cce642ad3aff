import { changed } from "./new/draft.ts";
import { DraftStore } from "./new/draft-store.ts";

/**
 * Makes a campaign that was undone a draft again, under a new key.
 * @returns false when this browser does not have its draft, or has a newer one
 */
export async function reopenDraft(userId: string, campaignId: string): Promise<boolean> {
  const store = new DraftStore(userId);
  const { draft } = await store.read();
  return draft.sentAs === campaignId && await store.write(changed(draft, {}));
}

/** Forgets the draft of a campaign that can no longer be undone. */
export async function forgetDraftOf(userId: string, campaignId: string): Promise<void> {
  const store = new DraftStore(userId);
  const { draft } = await store.read();
  if (draft.sentAs === campaignId) await store.remove();
}
