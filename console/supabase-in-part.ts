import type { Plugin } from "vite";

const STORAGE = "@supabase/storage-js";
/** What supabase-js imports of it. */
const UNUSED = "export class StorageClient {}\nexport class StorageApiError extends Error {}\n";

/** Leaves out the client of Storage, which supabase-js creates with every client and the console never calls. */
export function supabaseInPart(): Plugin {
  return {
    name: "supabase-in-part",
    enforce: "pre",
    resolveId: (id) => id === STORAGE ? `\0${STORAGE}` : null,
    load: (id) => id === `\0${STORAGE}` ? UNUSED : null,
  };
}
