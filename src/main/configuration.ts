import type { ParsedConfig } from "../adapters/yaml/parse-config.ts";
import { toConfigChanges } from "../model/config-change.ts";
import type { ConfigRevision } from "../model/config-revision.ts";
import { Fault } from "../model/index.ts";
import { renderProblem } from "../model/problem.ts";
import type { Clock } from "../ports/clock.ts";
import type { Configuration, Plan, Revision } from "../ports/configuration.ts";
import { checkAtStart, readDocument, type CheckConfig, type FillConfig } from "./read-document.ts";
import {
  closeHolder,
  createHolder,
  type Holder,
  type HolderOptions,
  type Live,
} from "./revision-holder.ts";
import { startParts, stopParts } from "./start-parts.ts";
import { followRevision, restartRevision, swapRevision, type Followed } from "./swap-revision.ts";

export interface LiveConfiguration<Parts> extends Configuration {
  live(): Live<Parts>;
  /** Takes over what another replica applied; also called by the bus and its poll. */
  follow(): Promise<Followed>;
  /** Starts the parts of the serving revision anew; a reason when those of before go on. */
  restart(): Promise<string | null>;
  /** Stops the parts. Nothing can be applied afterwards. */
  close(): Promise<void>;
}

export interface ConfigurationOptions<Parts> extends HolderOptions<Parts> {
  /** The text of countersign.yaml. */
  readonly document: string;
  /** What else is wrong with a document that is to be served: rules that do not fit the tools. */
  readonly check: CheckConfig;
  /** What other files say in the document's place; the revision holds it, so nobody reads them again. */
  readonly fill?: FillConfig;
}

/** Replicas tell each other here which digest they applied. */
export const configChannel = "config";

/** Replicas that start together with the same file race for the first row; each loses once at most. */
const maxOpenAttempts = 5;

/**
 * Opens the configuration with the document on disk.
 *
 * The file is the truth at start: if it differs from the revision that the store holds (because
 * it was edited while nothing ran, or a crash came between the store's row and the swap, or
 * somebody applied another document without changing the file) it becomes the new revision, and
 * the log says which keys that changed. A file that is wrong, or that does not start, ends the
 * start with every problem named, as web servers and databases do: an operator who sees the
 * process up must be able to believe that what the file says is what is enforced. The store is
 * untouched in that case, so replicas that run go on with the last good revision.
 *
 * While running, the store is the truth: `apply` writes a row by compare-and-swap only after the
 * new revision's parts are up, and other replicas follow that row.
 */
export async function openConfiguration<Parts>(
  options: ConfigurationOptions<Parts>,
): Promise<LiveConfiguration<Parts>> {
  const parsed = await readDocument(options.document, checkAtStart, options.fill ?? null);
  if (parsed.kind === "invalid") {
    const lines = parsed.problems.map((problem) => renderProblem(problem, "countersign.yaml"));
    throw new Fault("config_invalid", lines.join("\n"), { details: { problems: parsed.problems } });
  }
  const { config } = parsed.revision;
  const running = await startParts({ config, start: options.start, clock: options.clock });
  try {
    const revision = await enterRevision(parsed.revision, options);
    return await listen(createHolder(options, { revision, config, running }), options);
  } catch (fault) {
    await stopParts(running, { config, clock: options.clock });
    throw fault;
  }
}

/** Makes the revision the store's current one, whatever that was. */
async function enterRevision(
  next: ConfigRevision,
  {
    revisions,
    clock,
    telemetry,
  }: Pick<HolderOptions<unknown>, "revisions" | "clock" | "telemetry">,
): Promise<Revision> {
  for (let attempt = 0; attempt < maxOpenAttempts; attempt++) {
    const stored = await revisions.current();
    if (stored?.digest === next.digest) return Object.freeze({ ...stored });
    const row = toRow(next, clock);
    if ((await revisions.apply(row, stored?.digest ?? null)) === "applied") {
      if (stored !== null) {
        const keys = toConfigChanges(stored.bytes, next.bytes).map(({ key }) => key);
        telemetry.log("warn", "countersign.yaml replaced the revision that served last", {
          digest: next.digest,
          replaced: stored.digest,
          keys,
        });
      }
      return row;
    }
  }
  throw new Fault(
    "config_stale",
    "Other replicas keep entering other revisions; do their files differ?",
  );
}

function toRow({ digest, bytes }: ConfigRevision, clock: Clock): Revision {
  return Object.freeze({ digest, bytes, appliedAtMs: clock.nowMs() });
}

/** Follows other replicas, and tells them. */
async function listen<Parts>(
  holder: Holder<Parts>,
  { check, fill }: Pick<ConfigurationOptions<Parts>, "check" | "fill">,
): Promise<LiveConfiguration<Parts>> {
  const { bus, telemetry } = holder.options;
  const follow = (): Promise<Followed> => followRevision(holder);
  const read = (document: string) => readDocument(document, check, fill ?? null);
  const ignore = await bus.subscribe(configChannel, () => {
    follow().catch((fault: unknown) => {
      telemetry.log("error", "could not look for a new revision", { fault });
    });
  });
  return {
    current: () => holder.live.revision,
    live: () => holder.live,
    plan: async (document) => plan(await read(document), holder.live.revision),
    apply: async (document, previous) => {
      const parsed = await read(document);
      const applied =
        parsed.kind === "invalid" ? parsed : await swapRevision(holder, parsed.revision, previous);
      telemetry.count("config_applies", { outcome: applied.kind });
      if (applied.kind === "applied") {
        // The hint is a courtesy: replicas that miss it find the row at their next poll.
        await bus.publish(configChannel, applied.digest).catch((fault: unknown) => {
          telemetry.log("warn", "could not tell other replicas of the revision", { fault });
        });
      }
      return applied;
    },
    follow,
    restart: () => restartRevision(holder),
    close: async () => {
      await ignore();
      await closeHolder(holder);
    },
  };
}

function plan(parsed: ParsedConfig, base: Revision): Plan {
  if (parsed.kind === "invalid") return parsed;
  const { digest, bytes } = parsed.revision;
  return { kind: "valid", digest, base: base.digest, changes: toConfigChanges(base.bytes, bytes) };
}
