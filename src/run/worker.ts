import type { Bundles, BuiltBundle } from "../ports/bundles.ts";
import type { Catalog } from "../ports/catalog.ts";
import type { Clock } from "../ports/clock.ts";
import type { Freezes } from "../ports/freezes.ts";
import type { Gate } from "../ports/gate.ts";
import type { RunMoved } from "../ports/run-moved.ts";
import type { Openings } from "../ports/openings.ts";
import type { Store } from "../ports/store.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";
import type { RunId, TenantId } from "../model/index.ts";
import type { Contents } from "./contents.ts";
import type { Journal } from "./journal.ts";
import type { ModelRouter } from "./model-router.ts";
import type { RunNews } from "./run-news.ts";
import type { TaskKindOf } from "./task-kind.ts";

/** What runs are carried out with; the parts of a revision are asked for when they are needed. */
export interface EngineOptions {
  readonly store: Pick<Store, "commit" | "runs" | "runBudgets" | "calls" | "touches">;
  readonly bundles: () => Pick<Bundles, "read" | "readFile">;
  readonly gate: Gate;
  readonly catalog: () => Catalog;
  readonly models: () => Pick<ModelRouter, "stream" | "toLargestCost">;
  readonly freezes: Freezes;
  readonly hashes: TenantHash;
  readonly openings: Openings;
  readonly news: RunNews;
  readonly taskKindOf: TaskKindOf;
  /** Told of each state that a run came into; it waits for nobody. */
  readonly onMoved: (moved: RunMoved) => void;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** One run, for as long as this worker has it. */
export interface Work {
  readonly options: EngineOptions;
  readonly run: RunId;
  readonly tenant: TenantId;
  readonly journal: Journal;
  readonly contents: Contents;
  /** Of another run of the same tree. */
  readonly contentsOf: (run: RunId) => Contents;
  /** Throws where the run has no bundle any more: it is parked then. */
  readonly built: BuiltBundle;
  readonly hasBundle: boolean;
  /** Fires when what is under way is to be cut: the run is cancelled, or the worker stops. */
  readonly cut: AbortSignal;
}
