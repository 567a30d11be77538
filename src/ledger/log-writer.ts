import { Fault, type TenantId } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { LogHead, LogTile } from "../ports/log-rows.ts";
import type { Entries, StoredEntry } from "../ports/entry-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { toOrigin } from "./checkpoint.ts";
import { judgeLog, type JudgeOptions, type KnownHead, type Standing } from "./judge-log.ts";
import { createTileReader, readEdge } from "./log-tiles.ts";
import { tileWidth, toTiles } from "./tiles.ts";
import { appendLeaves, toFrontierRoot, toLeaf, type Frontier } from "./tree.ts";

export interface LogWriterOptions extends JudgeOptions {
  readonly entries: Pick<Entries, "page">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

interface Edge {
  readonly head: LogHead;
  readonly frontier: Frontier;
  readonly edges: readonly Uint8Array[];
}

/** A page is one transaction. */
const pageSize = 1_024;
/** Then other tenants have their turn. */
const maxPages = 32;
/** While pages come in full, signing each of them would take longer than the work. */
const signEveryMs = 1_000;
const sound: Standing = Object.freeze({ kind: "sound" });

/** Writes one tenant's log. What it remembers is fenced by the head: another writer makes it look anew. */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #tenant: TenantId;
  #edge: Edge | null = null;
  /** What this one signed last: all that it took in since then was appended to it. */
  #known: KnownHead | null = null;

  constructor(options: LogWriterOptions, tenant: TenantId) {
    this.#options = options;
    this.#tenant = tenant;
  }

  /** Takes in what waits and signs it. A log that forked is left as it is. */
  async advance(): Promise<Standing> {
    const edge = this.#edge;
    // Whatever comes of it, what is remembered is not believed until it is known.
    this.#edge = null;
    const loaded = edge ?? (await this.#load());
    if ("kind" in loaded) return loaded;
    const advanced = await this.#takePages(loaded);
    if ("kind" in advanced) return advanced;
    this.#edge = advanced;
    return sound;
  }

  /** The head as it is committed, judged and with its edge. */
  async #load(): Promise<Edge | Standing> {
    const { log, clock } = this.#options;
    const tenant = this.#tenant;
    let [head] = await log.heads(tenant);
    const standing = await judgeLog(this.#options, { tenant, head: head ?? null });
    if (standing.kind === "forked") return standing;
    if (head === undefined) {
      await log.begin(tenant, clock.nowMs());
      [head] = await log.heads(tenant);
    }
    if (head === undefined || !head.isOpen) {
      return { kind: "forked", reason: "no epoch of the log is open" };
    }
    const found = await readEdge(createTileReader(log, head), head.size);
    if (Buffer.compare(toFrontierRoot(found.frontier), head.root) !== 0) {
      return { kind: "forked", reason: `the tiles at size ${head.size} are not those of its root` };
    }
    return { head, ...found };
  }

  async #takePages(from: Edge): Promise<Edge | Standing> {
    const { entries, clock } = this.#options;
    let edge = from;
    let signedAtMs = clock.monotonicMs();
    for (let pages = 1; ; pages += 1) {
      const asked = { after: edge.head.cursor, limit: pageSize };
      const page = await entries.page(this.#tenant, asked);
      if (page.length > 0) edge = await this.#takePage(edge, page);
      const isLast = page.length < pageSize || pages === maxPages;
      if (isLast || clock.monotonicMs() - signedAtMs >= signEveryMs) {
        const signed = await this.#sign(edge);
        if ("kind" in signed) return signed;
        edge = signed;
        signedAtMs = clock.monotonicMs();
      }
      if (isLast) return edge;
    }
  }

  async #takePage({ head, frontier, edges }: Edge, page: readonly StoredEntry[]): Promise<Edge> {
    const { log, clock, telemetry } = this.#options;
    const startedMs = clock.monotonicMs();
    const leafHashes = page.map(({ bytes }) => toLeaf(bytes));
    const cursors = page.map(({ cursor }) => cursor);
    const next = appendLeaves(frontier, leafHashes);
    const grown = toTiles({ size: head.size, leafHashes, edges });
    const to = { size: next.size, root: toFrontierRoot(next), cursor: cursors.at(-1)! };
    const tiles = grown.tiles.map((tile) => ({
      ...tile,
      cursors: tile.level === 0 ? toCursors(tile.index, head.size, cursors) : null,
    }));
    const { tenant, epoch } = head;
    if (!(await log.integrate({ tenant, epoch, from: head, to, tiles }))) throw taken();
    telemetry.count("ledger_entries", {}, page.length);
    telemetry.observe("ledger_integration_seconds", (clock.monotonicMs() - startedMs) / 1_000);
    return { head: { ...head, ...to }, frontier: next, edges: grown.edges };
  }

  async #sign(edge: Edge): Promise<Edge | Standing> {
    const { log, keys, checkpoints, telemetry } = this.#options;
    const { head } = edge;
    const { tenant, epoch, size, root } = head;
    if (size === (head.signed?.size ?? 0)) return edge;
    const standing = await judgeLog(this.#options, { tenant, head }, this.#known);
    if (standing.kind === "forked") return standing;
    const origin = toOrigin({ installation: keys.installation, tenant, epoch });
    const note = keys.sign({ origin, size, root });
    // Kept before anybody can read it: there is no checkpoint that the outside does not know.
    await checkpoints.keep(tenant, note);
    if (!(await log.sign(head, note))) throw taken();
    this.#known = { epoch, size, root };
    telemetry.count("ledger_signatures", {});
    telemetry.gauge("ledger_log_size", size, {});
    return { ...edge, head: { ...head, signed: { size, note } } };
  }
}

function taken(): Fault {
  return new Fault("store_busy", "Another process wrote to the same log.");
}

/** Of the leaves that are new in a tile. */
function toCursors(
  index: number,
  size: number,
  cursors: readonly bigint[],
): NonNullable<LogTile["cursors"]> {
  const first = Math.max(index * tileWidth - size, 0);
  const last = Math.min((index + 1) * tileWidth - size, cursors.length) - 1;
  return { first: cursors[first]!, last: cursors[last]! };
}
