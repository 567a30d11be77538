import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env["COUNTERSIGN_URL"] ?? "http://127.0.0.1:7070";

// Few files that pack well, for the first load: what every page stands on, which an upgrade seldom changes,
// and what many pages share.
const groups = [
  {
    name: "vendor",
    test: /node_modules\/(?:react|react-dom|scheduler|use-sync-external-store|@tanstack\/(?:history|query-core|react-query|react-router|react-store|router-core|store))\//,
  },
  { name: "shared", test: /\/src\/(?:ui|words|lib|model)\//, minShareCount: 4 },
];

export default defineConfig(({ mode }) => ({
  root: import.meta.dirname,
  plugins: [react(), tailwindcss()],
  // With `--mode mock` the page answers itself, from the same state tables as the server.
  define: { __MOCK__: JSON.stringify(mode === "mock") },
  // Fonts and pictures stay files: the page's policy allows no `data:`.
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  server: {
    proxy: mode === "mock" ? {} : { "/v1": server, "/ready": server },
  },
}));
