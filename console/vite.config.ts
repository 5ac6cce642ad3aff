import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Relative URLs, so that the console works at the root of the local stack and in any folder of a static host.
export default defineConfig({ base: "./", plugins: [react()] });
