import type { Bundles } from "../ports/bundles.ts";
import type { Clock } from "../ports/clock.ts";
import type { Openings } from "../ports/openings.ts";
import type { Random } from "../ports/random.ts";
import type { Store } from "../ports/store.ts";
import type { TenantHash } from "../ports/tenant-hash.ts";
import type { RunNews } from "./run-news.ts";

export interface DeskOptions {
  readonly store: Pick<Store, "runs" | "workspaces">;
  readonly bundles: () => Pick<Bundles, "build" | "read">;
  readonly hashes: TenantHash;
  readonly openings: Openings;
  readonly news: RunNews;
  readonly clock: Clock;
  readonly random: Random;
}
