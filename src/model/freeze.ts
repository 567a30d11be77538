import { z } from "zod";

export const freezeKinds = ["agent", "tool", "server", "tenant", "all"] as const;
export type FreezeKind = (typeof freezeKinds)[number];

/** What is stopped: one agent, tool or server, everything of a tenant, or everything. */
export interface Frozen {
  readonly kind: FreezeKind;
  /** The tool as `server__tool`; empty for `tenant` and `all`. */
  readonly name: string;
}

export const frozenSchema = z
  .strictObject({ kind: z.enum(freezeKinds), name: z.string().max(256) })
  .refine(({ kind, name }) => (kind === "tenant" || kind === "all") === (name === ""), {
    path: ["name"],
    message: "goes with agent, tool and server, and not with tenant and all",
  });
