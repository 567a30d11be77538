import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { Crash } from "./shell/crash.tsx";
import { Missing } from "./shell/missing.tsx";
import { Shell } from "./shell/shell.tsx";

const root = createRootRoute({ notFoundComponent: Missing, errorComponent: Crash });
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
  component: lazyRouteComponent(() => import("./pages/run/open-page.tsx"), "OpenPage"),
});

const inboxPage = () => import("./pages/inbox/inbox-page.tsx");
const pages = [
  { path: "/approvals", load: lazyRouteComponent(inboxPage, "InboxPage") },
  { path: "/approvals/$id", load: lazyRouteComponent(inboxPage, "InboxPage") },
  {
    path: "/runs",
    load: lazyRouteComponent(() => import("./pages/runs/runs-page.tsx"), "RunsPage"),
  },
  {
    path: "/runs/$id",
    load: lazyRouteComponent(() => import("./pages/run/run-page.tsx"), "RunPage"),
  },
  {
    path: "/servers",
    load: lazyRouteComponent(() => import("./pages/servers/servers-page.tsx"), "ServersPage"),
  },
  {
    path: "/servers/$name",
    load: lazyRouteComponent(() => import("./pages/servers/server-page.tsx"), "ServerPage"),
  },
  {
    path: "/policies",
    load: lazyRouteComponent(() => import("./pages/policies/policies-page.tsx"), "PoliciesPage"),
  },
  {
    path: "/bundles",
    load: lazyRouteComponent(() => import("./pages/bundles/bundles-page.tsx"), "BundlesPage"),
  },
  {
    path: "/ledger",
    load: lazyRouteComponent(() => import("./pages/ledger/ledger-page.tsx"), "LedgerPage"),
  },
  {
    path: "/receipts/$id",
    load: lazyRouteComponent(() => import("./pages/ledger/receipt-page.tsx"), "ReceiptPage"),
  },
  {
    path: "/costs",
    load: lazyRouteComponent(() => import("./pages/costs/costs-page.tsx"), "CostsPage"),
  },
  {
    path: "/settings",
    load: lazyRouteComponent(() => import("./pages/settings/settings-page.tsx"), "SettingsPage"),
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

export const router = createRouter({ routeTree: tree, defaultPreload: "intent" });
