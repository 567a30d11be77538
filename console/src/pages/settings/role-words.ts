import type { Holder } from "../../shell/session.ts";

type Role = Holder["roles"][number];

export const roleWords: readonly { readonly role: Role; readonly may: string }[] = [
  { role: "approver", may: "Decides what waits for a person." },
  { role: "viewer", may: "Sees what runs, and changes nothing." },
  { role: "operator", may: "Stops and freezes, resolves doubts, builds bundles." },
  { role: "auditor", may: "Reads the whole record and its receipts." },
  { role: "admin", may: "Configures everything, and decides nothing." },
  { role: "caller", may: "Calls tools and starts agents in its own name." },
];
