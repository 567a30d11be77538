import type { IconName } from "./icons.tsx";

export interface Place {
  readonly to: string;
  readonly title: string;
  readonly icon: IconName;
  /** After `g`. */
  readonly letter: string;
}

/** Where the navigation, the palette and the keys lead: one list. */
export const places = [
  { to: "/approvals", title: "Inbox", icon: "inbox", letter: "i" },
  { to: "/runs", title: "Runs", icon: "runs", letter: "r" },
  { to: "/servers", title: "Servers", icon: "servers", letter: "s" },
  { to: "/policies", title: "Policies", icon: "policies", letter: "p" },
  { to: "/bundles", title: "Bundles", icon: "bundles", letter: "b" },
  { to: "/ledger", title: "Ledger", icon: "ledger", letter: "l" },
  { to: "/costs", title: "Costs", icon: "costs", letter: "c" },
  { to: "/settings", title: "Settings", icon: "settings", letter: "," },
] as const satisfies readonly Place[];
