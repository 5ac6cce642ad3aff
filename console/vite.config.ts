import process from "node:process";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { withConnectSources } from "./csp.ts";
import { mantineStyles } from "./mantine-styles.ts";
import { MANIFEST } from "./sizes.ts";
import { supabaseInPart } from "./supabase-in-part.ts";

/** Set by `build.ts`: the origins that the console may connect to besides its own, separated by spaces. */
const sources = process.env["CONSOLE_CONNECT_SOURCES"]?.split(" ").filter(Boolean) ?? [];

export default defineConfig({
  // Relative URLs, so that the console works at the root of the local stack and in any folder of a static host.
  base: "./",
  define: { __CONNECT_SOURCES__: JSON.stringify(sources) },
  // `sizes.ts` reads which file loads which. No source maps: the sources are public, and a map is larger than its file.
  build: { manifest: MANIFEST, sourcemap: false },
  plugins: [
    react(),
    mantineStyles(),
    supabaseInPart(),
    { name: "content-security-policy", transformIndexHtml: (html: string) => withConnectSources(html, sources) },
  ],
});
