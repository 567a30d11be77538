import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env["COUNTERSIGN_URL"] ?? "http://127.0.0.1:7070";

export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss()],
  // With `--mode mock` the page answers itself, from the same state tables as the server.
  define: { __MOCK__: JSON.stringify(mode === "mock") },
  // Fonts and pictures stay files: the page's policy allows no `data:`.
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    proxy: mode === "mock" ? {} : { "/v1": server, "/ready": server },
  },
}));
