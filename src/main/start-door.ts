import { fileURLToPath } from "node:url";
import { startApi } from "../api/api.ts";
import { readConsole } from "../api/console/read-console.ts";
import { createFace, type Face } from "../api/mcp/face.ts";
import { createReadiness } from "../api/readiness.ts";
import { freezeChannel } from "../authority/freezes.ts";
import { createLiveWatch } from "../gate/live-watch.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ListenAddress } from "../model/config-field.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { RunDesk } from "../ports/run-desk.ts";
import type { ReadSeries } from "../ports/series.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import type { Vault } from "../ports/vault.ts";
import type { RecentCalls } from "../sight/recent-calls.ts";
import { createStanding } from "../sight/standing.ts";
import type { LiveConfiguration } from "./configuration.ts";
import type { GateBase } from "./gate-base.ts";
import { toListenerTls } from "./listener-tls.ts";
import { openDesk } from "./open-desk.ts";
import type { OpenedPasskeys } from "./open-passkeys.ts";
import { ownTenant } from "./own-tenant.ts";
import { createPolicyDesk } from "./policy-desk.ts";
import type { StartConfig } from "./read-config.ts";
import type { RevisionParts } from "./revision-parts.ts";
import type { Storage } from "./storage.ts";
import { secretsChannel } from "./stored-secrets.ts";

/** In a checkout and in the product alike, beside `src` and `dist`. */
const consoleFolder = new URL("../../console/dist", import.meta.url);

export interface DoorOptions {
  readonly start: StartConfig;
  readonly listen: ListenAddress;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** What this process has counted of one metric. */
  readonly series: ReadSeries;
}

/** What is behind the door, and started before it. */
export interface Behind {
  readonly vault: Vault;
  readonly storage: Storage;
  readonly configuration: LiveConfiguration<RevisionParts>;
  readonly face: Face;
  readonly base: GateBase;
  readonly passkeys: OpenedPasskeys;
  readonly ledger: Ledger;
  readonly runs: RunDesk;
  readonly recentCalls: RecentCalls;
  /** Where clients reach this server: without a slash at the end. */
  readonly url: () => string;
}

/** The longest that a tool may be given; its own bound is shorter. */
const callMs = 3_600_000;

export function createDoorFace(
  options: Pick<DoorOptions, "clock" | "random" | "telemetry" | "version">,
  {
    configuration,
    base,
  }: { readonly configuration: Behind["configuration"]; readonly base: GateBase },
): Face {
  const { clock, random, telemetry, version } = options;
  const gate = () => configuration.live().parts.gate;
  return createFace({
    gate: { exchange: (request) => gate().gate.exchange(request) },
    watch: createLiveWatch(() => gate().watch),
    catalog: () => gate().registry.catalog(),
    sealer: base.sealer,
    owner: base.owner,
    mailbox: base.mailbox,
    bus: base.bus,
    limits: () => ({
      bodyBytes: configuration.live().parts.limits.bodyBytes,
      callMs,
    }),
    clock,
    random,
    telemetry,
    version,
  });
}

/** Whoever scrapes hears how servers, models and queues stand just then. */
function openMetrics(
  { clock, telemetry, metrics }: DoorOptions,
  { storage, configuration, base }: Pick<Behind, "storage" | "configuration" | "base">,
): DoorOptions["metrics"] {
  const standing = createStanding({
    clock,
    telemetry,
    tenant: ownTenant,
    wake: storage.wake,
    approvals: storage.store.approvals,
    live: () => {
      const { gate, models } = configuration.live().parts;
      const { registry, breakers } = gate;
      const [catalog, drifts] = [registry.catalog(), registry.drift()];
      return { catalog, drifts, breakers, backends: models.describe() };
    },
  });
  return async () => {
    base.indexAges.tell();
    await standing.tell();
    return metrics();
  };
}

function toServerStanding({ configuration, recentCalls }: Behind) {
  return {
    of: (server: string) => configuration.live().parts.gate.tracks.stand(server),
    recent: () => recentCalls.read(),
  };
}

/** From here on requests come in. */
export function startDoor(options: DoorOptions, behind: Behind) {
  const { storage, configuration, face, vault, base, passkeys, ledger, runs } = behind;
  const { clock, random, telemetry, listen, version } = options;
  return startApi({
    listen,
    headerBytes: options.start.config.limits.headerSize,
    ...toListenerTls(options.start.config, base.secrets),
    version,
    node: process.version,
    clock,
    random,
    telemetry,
    metrics: openMetrics(options, behind),
    configuration,
    vault,
    broker: base.broker,
    passkeys,
    ledger,
    sourceOf: (asked, server) => base.sources.of(asked, server),
    freezes: storage.store.freezes,
    ...openDesk({
      ...base,
      passkeys,
      catalog: () => configuration.live().parts.gate.registry.catalog(),
    }),
    onFreeze: async () => {
      await base.freezes.refresh();
      await storage.bus.publish(freezeChannel, "");
    },
    onSecret: (name) => storage.bus.publish(secretsChannel, name),
    policy: openPolicyDesk(clock, behind),
    face,
    registry: () => configuration.live().parts.gate.registry,
    standing: toServerStanding(behind),
    models: () => configuration.live().parts.models,
    completions: () => configuration.live().parts.completions,
    bundles: () => configuration.live().parts.bundles,
    sandboxes: base.sandboxes,
    runs,
    agents: () => configuration.live().config.agents,
    costs: openCosts(behind),
    console: readConsole(fileURLToPath(consoleFolder)),
    a2a: {
      agents: () => configuration.live().config.agents,
      keys: () => configuration.live().parts.cardKeys,
      url: behind.url,
    },
    gate: { exchange: (request) => configuration.live().parts.gate.gate.exchange(request) },
    identity: () => configuration.live().parts.identity,
    limits: () => configuration.live().parts.limits,
    readiness: openReadiness(clock, storage),
  });
}

function openPolicyDesk(clock: Clock, { storage, configuration }: Behind) {
  return createPolicyDesk({
    pins: storage.store.pins,
    clock,
    tenant: ownTenant,
    serving: () => configuration.live().config,
    catalog: () => configuration.live().parts.gate.registry.catalog(),
  });
}

/** What was spent, and what may be. */
function openCosts({ storage, configuration }: Pick<Behind, "storage" | "configuration">) {
  const { costs: rows, runs, spendings } = storage.store;
  const config = () => configuration.live().config;
  return {
    rows,
    runs,
    spendings,
    budgets: () => config().budgets,
    agents: () => Object.keys(config().agents),
    models: () => Object.keys(config().models.routes),
  };
}

function openReadiness(clock: Clock, { store, wake }: Storage) {
  return createReadiness(clock, [
    {
      name: "store",
      check: async () => {
        await store.revisions.current();
        return null;
      },
    },
    {
      name: "wake",
      check: async () => {
        await wake.depth();
        return null;
      },
    },
  ]);
}
