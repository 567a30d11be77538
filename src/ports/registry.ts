import type { Catalog, ServerState } from "./catalog.ts";
import type { Digest } from "../model/index.ts";

/** Servers, what they define, what of it is accepted. Offered by registry; asked by gate and api. */
export interface Registry {
  /** The one in force. Cheap: a field. */
  catalog(): Catalog;
  /** Called after each new catalog, with what changed in it. */
  onChange(listener: (change: CatalogChange) => void): () => void;
  /** Lists a server again now. Resolves when its definitions are in the catalog or it is down. */
  refresh(server: string): Promise<ServerState>;
  drift(server?: string): readonly Drift[];
  /** Accepts what was observed as the new pin; `observed` names what the person saw. */
  accept(drift: {
    readonly server: string;
    readonly tool: string;
    readonly observed: Digest | null;
    readonly by: string;
  }): Promise<"accepted" | "stale" | "missing">;
  close(): Promise<void>;
}

export interface CatalogChange {
  /** Toolsets whose lists changed, by kind. */
  readonly tools: readonly string[];
  readonly prompts: readonly string[];
  readonly resources: readonly string[];
}

export type DriftGrade = "cosmetic" | "widening" | "breaking" | "dangerous";

/** A pinned definition and what is observed instead; `pinned` null: added; `observed` null: gone. */
export interface Drift {
  readonly server: string;
  readonly tool: string;
  readonly grade: DriftGrade;
  /** One sentence a difference, worst first. */
  readonly reasons: readonly string[];
  readonly pinned: Digest | null;
  readonly observed: Digest | null;
  /** JSON text, shown side by side. */
  readonly before: string | null;
  readonly after: string | null;
}
