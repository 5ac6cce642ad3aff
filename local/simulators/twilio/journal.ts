const CAPACITY = 5000;

/** An append-only log in memory: entries are numbered from 1, the oldest make room. */
export class Journal<T extends object> {
  #entries: (T & { id: number })[] = [];
  #lastId = 0;

  /** Records `entry` and returns it: what is learned later is written into the same object. */
  add(entry: T): T & { id: number } {
    const numbered = { ...entry, id: ++this.#lastId };
    this.#entries.push(numbered);
    if (this.#entries.length > CAPACITY) this.#entries.shift();
    return numbered;
  }

  /** The entries after the one numbered `id`. */
  since(id: number): (T & { id: number })[] {
    return this.#entries.filter((entry) => entry.id > id);
  }

  get lastId(): number {
    return this.#lastId;
  }

  clear(): void {
    this.#entries = [];
  }
}

/** One request to the API. Credentials are never part of it. */
export interface RequestRecord {
  at: string;
  method: string;
  path: string;
  query: Record<string, string | string[]>;
  form: Record<string, string | string[]>;
  /** The account SID the request was made with, when its credentials were right. */
  account: string | null;
  /** The answer's status; null while it is being made, and for good when the connection was dropped. */
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

/** Form or query parameters as JSON: repeated keys become arrays. */
export function paramsAsJson(params: URLSearchParams): Record<string, string | string[]> {
  const json: Record<string, string | string[]> = {};
  for (const key of new Set(params.keys())) {
    const values = params.getAll(key);
    json[key] = values.length === 1 ? values[0] ?? "" : values;
  }
  return json;
}
