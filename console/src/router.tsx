import { createRootRoute, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { Crash, WholeCrash } from "./shell/crash.tsx";
import { loadPage } from "./shell/load-page.ts";
import { Missing } from "./shell/missing.tsx";
import { Shell } from "./shell/shell.tsx";

const root = createRootRoute({ notFoundComponent: Missing, errorComponent: WholeCrash });
const house = createRoute({ getParentRoute: () => root, id: "house", component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => redirect({ to: "/approvals", throw: true }),
});

/** Opens without a key: everything is in the file. */
const open = createRoute({
  getParentRoute: () => root,
  path: "/open",
  component: loadPage(() => import("./pages/run/open-page.tsx"), "OpenPage"),
});

const inboxPage = () => import("./pages/inbox/inbox-page.tsx");
const pages = [
  { path: "/approvals", load: loadPage(inboxPage, "InboxPage") },
  { path: "/approvals/$id", load: loadPage(inboxPage, "InboxPage") },
  {
    path: "/runs",
    load: loadPage(() => import("./pages/runs/runs-page.tsx"), "RunsPage"),
  },
  {
    path: "/runs/$id",
    load: loadPage(() => import("./pages/run/run-page.tsx"), "RunPage"),
  },
  {
    path: "/servers",
    load: loadPage(() => import("./pages/servers/servers-page.tsx"), "ServersPage"),
  },
  {
    path: "/servers/$name",
    load: loadPage(() => import("./pages/servers/server-page.tsx"), "ServerPage"),
  },
  {
    path: "/policies",
    load: loadPage(() => import("./pages/policies/policies-page.tsx"), "PoliciesPage"),
  },
  {
    path: "/bundles",
    load: loadPage(() => import("./pages/bundles/bundles-page.tsx"), "BundlesPage"),
  },
  {
    path: "/ledger",
    load: loadPage(() => import("./pages/ledger/ledger-page.tsx"), "LedgerPage"),
  },
  {
    path: "/receipts/$id",
    load: loadPage(() => import("./pages/ledger/receipt-page.tsx"), "ReceiptPage"),
  },
  {
    path: "/costs",
    load: loadPage(() => import("./pages/costs/costs-page.tsx"), "CostsPage"),
  },
  {
    path: "/settings",
    load: loadPage(() => import("./pages/settings/settings-page.tsx"), "SettingsPage"),
  },
] as const;

const tree = root.addChildren([
  home,
  open,
  house.addChildren(
    pages.map(({ path, load }) =>
      createRoute({ getParentRoute: () => house, path, component: load }),
    ),
  ),
]);

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  // Of each page: one that breaks leaves the shell, and the way to the others.
  defaultErrorComponent: Crash,
});
