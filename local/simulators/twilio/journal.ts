const CAPACITY = 5000;

/** An in-memory log of the last 5000 entries, numbered from 1. */
export class Journal<T extends object> {
  #entries: (T & { id: number })[] = [];
  #lastId = 0;
  #cleared = 0;

  /** Adds `entry` and returns the stored object, so that the caller can complete it later. */
  add(entry: T): T & { id: number } {
    const numbered = { ...entry, id: ++this.#lastId };
    this.#entries.push(numbered);
    if (this.#entries.length > CAPACITY) this.#entries.shift();
    return numbered;
  }

  /** Returns the entries with an id greater than `id`. */
  since(id: number): (T & { id: number })[] {
    return this.#entries.filter((entry) => entry.id > id);
  }

  get lastId(): number {
    return this.#lastId;
  }

  /** How often the entries were removed: what a reader has kept from before is gone. */
  get cleared(): number {
    return this.#cleared;
  }

  clear(): void {
    this.#entries = [];
    this.#cleared++;
  }
}

/** One request to the API, without its credentials. */
export interface RequestRecord {
  at: string;
  method: string;
  path: string;
  query: Record<string, string | string[]>;
  form: Record<string, string | string[]>;
  /** The SID of the authenticated account; null if authentication failed or did not happen. */
  account: string | null;
  /** The response status; null while the request is in progress, and if the connection was dropped. */
  status: number | null;
  dropped: boolean;
}

/** One attempt to deliver a webhook. */
export interface CallbackRecord {
  at: string;
  purpose: "status" | "inbound" | "usage";
  accountSid: string;
  method: string;
  /** Without fragment and credentials. */
  url: string;
  params: Record<string, string>;
  attempt: number;
  status: number | null;
  error: string | null;
  durationMs: number;
}

/** Converts form or query parameters to JSON. Repeated keys become arrays. */
export function paramsAsJson(params: URLSearchParams): Record<string, string | string[]> {
  const json: Record<string, string | string[]> = {};
  for (const key of new Set(params.keys())) {
    const values = params.getAll(key);
    json[key] = values.length === 1 ? values[0] ?? "" : values;
  }
  return json;
}
