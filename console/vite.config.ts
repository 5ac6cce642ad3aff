import process from "node:process";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { withConnectSources } from "./csp.ts";

/** Set by `build.ts`: the origins that the console may connect to besides its own, separated by spaces. */
const sources = process.env["CONSOLE_CONNECT_SOURCES"]?.split(" ").filter(Boolean) ?? [];

export default defineConfig({
  // Relative URLs, so that the console works at the root of the local stack and in any folder of a static host.
  base: "./",
  define: { __CONNECT_SOURCES__: JSON.stringify(sources) },
  plugins: [
    react(),
    { name: "content-security-policy", transformIndexHtml: (html: string) => withConnectSources(html, sources) },
  ],
});
