import type { Bundle } from "../model/bundle.ts";
import type { Digest, TenantId } from "../model/index.ts";
import type { Decider } from "./decider.ts";

/** Agents as they are configured now, and bundles as they were when a run began. */
export interface Bundles {
  /** Builds and keeps the bundle of an agent, as configuration and catalog have it now. A Fault
   * `not_found` names the closest agent. */
  build(tenant: TenantId, agent: string): Promise<BuiltBundle>;
  /** Null for one that was never kept here. */
  read(tenant: TenantId, digest: Digest): Promise<BuiltBundle | null>;
  /** A file of a skill of a bundle that was kept for this tenant; null for one that was never kept. */
  readFile(tenant: TenantId, digest: Digest): Promise<Uint8Array | null>;
  /** Agents that can be started now. */
  agents(): readonly AgentListing[];
}

export interface BuiltBundle {
  readonly digest: Digest;
  readonly bundle: Bundle;
  /** Its own rules, compiled: asked beside those in force. */
  readonly rules: Decider;
}

export interface AgentListing {
  readonly name: string;
  readonly description: string;
}
