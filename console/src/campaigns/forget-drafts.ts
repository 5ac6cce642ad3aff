/** Drafts of campaigns are in IndexedDB: a list of 10,000 recipients has more than `localStorage` holds. */
const DATABASE = "switchboard-campaign-drafts";
const STORE = "drafts";

/** Runs one request on the store of all users' drafts. @throws where the browser blocks it or has no room */
export async function onDrafts<Result>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await resultOf(opening);
  try {
    const transaction = database.transaction(STORE, mode);
    const result = await resultOf(act(transaction.objectStore(STORE)));
    if (mode === "readwrite") await committed(transaction);
    return result;
  } finally {
    database.close();
  }
}

/** Removes a user's drafts of campaigns from the browser. Call it when the user has signed out. */
export function forgetCampaignDrafts(userId: string): void {
  const page: { indexedDB?: IDBFactory } = globalThis;
  if (page.indexedDB === undefined) return;
  // The keys are [user, name]: an array is greater than any text.
  onDrafts("readwrite", (store) => store.delete(IDBKeyRange.bound([userId], [userId, []]))).catch((error) =>
    console.error("Cannot remove the drafts of campaigns", error)
  );
}

function resultOf<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
}
