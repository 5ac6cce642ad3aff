import type { Plugin } from "vite";

/** The clients that supabase-js creates with every client, and what it needs of them to do so. */
const UNUSED: Readonly<Record<string, string>> = {
  // The console stores no files of its own.
  "@supabase/storage-js": "export class StorageClient {}\nexport class StorageApiError extends Error {}\n",
  // The inbox opens a client of its own when it needs one: `inbox/live/realtime.ts`.
  "@supabase/realtime-js": "export class RealtimeClient {\n  setAuth() { return Promise.resolve(); }\n}\n",
};

/** Leaves out the clients of supabase-js that the console does not use before a visitor has signed in. */
export function supabaseInPart(): Plugin {
  return {
    name: "supabase-in-part",
    enforce: "pre",
    resolveId: (id, importer) =>
      id in UNUSED && importer?.includes("/@supabase/supabase-js/") === true ? `\0unused:${id}` : null,
    load: (id) => id.startsWith("\0unused:") ? UNUSED[id.slice("\0unused:".length)] ?? null : null,
  };
}
