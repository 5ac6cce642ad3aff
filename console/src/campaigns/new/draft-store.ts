import { onDrafts } from "../forget-drafts.ts";
import { type CampaignDraft, draftFrom, emptyDraft } from "./draft.ts";
import type { TableRow } from "../../platform/table.ts";

/** A draft with its list. */
export interface StoredDraft {
  draft: CampaignDraft;
  table: TableRow[];
}

/**
 * The draft of one user in this browser. The list is stored by itself: it is large, and changes seldom. Where the browser
 * blocks its storage, a draft lasts as long as its screen.
 */
export class DraftStore {
  readonly #userId: string;
  /** Writes reach the browser in their order. */
  #last: Promise<boolean> = Promise.resolve(true);

  constructor(userId: string) {
    this.#userId = userId;
  }

  async read(): Promise<StoredDraft> {
    try {
      const draft = draftFrom(await onDrafts("readonly", (store) => store.get(this.#key("draft"))));
      const table: unknown = await onDrafts("readonly", (store) => store.get(this.#key("table")));
      if (draft !== null && (draft.source === null || isTable(table))) {
        return { draft, table: isTable(table) ? table : [] };
      }
    } catch (error) {
      console.error("Cannot read the draft", error);
    }
    return { draft: emptyDraft(), table: [] };
  }

  /** @returns whether a reload keeps it */
  write(draft: CampaignDraft): Promise<boolean> {
    return this.#add(() => onDrafts("readwrite", (store) => store.put(draft, this.#key("draft"))));
  }

  /** The same for the list. */
  writeTable(table: readonly TableRow[]): Promise<boolean> {
    return this.#add(() => onDrafts("readwrite", (store) => store.put(table, this.#key("table"))));
  }

  remove(): Promise<boolean> {
    return this.#add(() =>
      onDrafts("readwrite", (store) => store.delete(IDBKeyRange.bound(this.#key("draft"), this.#key("table"))))
    );
  }

  #key(name: "draft" | "table"): [string, string] {
    return [this.#userId, name];
  }

  #add(write: () => Promise<unknown>): Promise<boolean> {
    return this.#last = this.#last.then(write).then(() => true, (error) => {
      console.error("Cannot store the draft", error);
      return false;
    });
  }
}

function isTable(value: unknown): value is TableRow[] {
  return Array.isArray(value) && value.every((row) => typeof row?.line === "number" && Array.isArray(row.cells));
}
