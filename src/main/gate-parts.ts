import { createDialer } from "../adapters/dialer/dialer.ts";
import { createHttpConnector } from "../adapters/mcp-http/connector.ts";
import { createSseConnector } from "../adapters/mcp-sse/connector.ts";
import { StdioConnector } from "../adapters/mcp-stdio/connector.ts";
import type { Agents } from "../authority/identity.ts";
import { createBudgets } from "../authority/budgets.ts";
import { createAdmit } from "../gate/admit.ts";
import { ConnectionPool } from "../gate/connections.ts";
import { countExchanges } from "../gate/count-exchanges.ts";
import { createDecide } from "../gate/decide.ts";
import { createDispatch } from "../gate/dispatch.ts";
import { createExchange } from "../gate/exchange.ts";
import { createRates } from "../gate/obligations.ts";
import { createLabels, type Labels } from "../gate/labels.ts";
import { createGate } from "../gate/gate.ts";
import type { GateParts } from "../gate/gate-parts.ts";
import { createGuard, type Guard } from "../gate/guard-upstream.ts";
import type { IndexWatch } from "../gate/index-ages.ts";
import { createRequestStates } from "../gate/request-state.ts";
import { giveUp } from "../gate/resolve-call.ts";
import { createResultCache, type ResultCache } from "../gate/result-cache.ts";
import { createPolicyDecider } from "../gate/policy-decider.ts";
import { createRuleDecider } from "../gate/rule-decider.ts";
import { createTracks, type TrackOptions, type Tracks } from "../gate/server-tracks.ts";
import { Waiters } from "../gate/waiters.ts";
import { createWatch } from "../gate/watch.ts";
import { toLabelsOfAnswer } from "../memory/to-memory-answer.ts";
import { listServers } from "../model/agents-server.ts";
import type { Config } from "../model/config.ts";
import type { HttpServerConfig, ServerConfig } from "../model/config-servers.ts";
import { toUuidV7, type BreakerState } from "../model/index.ts";
import { memoryServer } from "../model/memory-tools.ts";
import type { CallRow } from "../ports/call-rows.ts";
import type { Decider } from "../ports/decider.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import type { Registry } from "../ports/registry.ts";
import type { Connector } from "../ports/upstream.ts";
import type { Watch } from "../ports/watch.ts";
import { startRegistry } from "../registry/registry.ts";
import { createAgentsConnector } from "../run/agents-upstream.ts";
import { toFreshAnswer, toRunOfAnswer } from "../run/to-agent-answer.ts";
import { createWorkbenchConnector } from "../sandbox/workbench/workbench-upstream.ts";
import { createWorkspaces } from "../sandbox/workbench/workspaces.ts";
import { toDialTls } from "./dial-tls.ts";
import type { GateBase } from "./gate-base.ts";
import { guardBase } from "./guard-base.ts";
import { openRules } from "./open-rules.ts";
import { ownTenant } from "./own-tenant.ts";

/** The gate of one revision: every stage made once, for all its calls. */
export interface GateOfRevision {
  readonly gate: ReturnType<typeof createGate>;
  readonly watch: Watch;
  readonly registry: Registry;
  /** By server, of those that were called. */
  readonly breakers: ReadonlyMap<string, BreakerState>;
  readonly tracks: Pick<Tracks, "stand">;
  /** What it has resolved of secrets. */
  readonly scan: LeakScan;
  close(): Promise<void>;
}

type Transport = Exclude<ServerConfig["transport"], "internal" | "workbench">;
type Connectors = Readonly<Record<Transport, Connector>>;

/** What of a revision its gate needs. */
export interface RevisionBase extends GateBase {
  /** Who makes our agents' tokens; absent: nobody does. */
  readonly agents?: Agents | null;
  /** The memory that the configuration has; absent: it has none. */
  readonly memory?: Connector | null;
}

export async function startGate(
  config: Config,
  given: RevisionBase,
  madeConnectors?: Connectors,
): Promise<GateOfRevision> {
  const leaveSources = given.sources.enter(config, given.agents ?? null);
  const indexes = given.indexAges.enter(listServers(config));
  const leave = (): void => {
    indexes.leave();
    leaveSources();
  };
  try {
    const gate = await startEntered(config, { ...given, indexes }, madeConnectors);
    return { ...gate, close: () => gate.close().finally(leave) };
  } catch (error) {
    leave();
    throw error;
  }
}

async function startEntered(
  config: Config,
  given: RevisionBase & { readonly indexes: IndexWatch },
  madeConnectors: Connectors | undefined,
): Promise<GateOfRevision> {
  const { base, known } = guardBase(given);
  const guard = createGuard({ scan: known.scan, telemetry: base.telemetry });
  const internal = createInternalConnector(base, given.memory ?? null);
  const workbench = createWorkbenchConnector({ ...base, workspaces: toWorkspaces(base) });
  const made = madeConnectors ?? createConnectors(config, base);
  const connectors = { ...made, internal, workbench };
  const { clock, random, telemetry, secrets, store, bus, freezes } = base;
  const { toolsets } = config;
  const servers = listServers(config);
  const rules = await openRules(config, telemetry);
  const decider =
    rules === null ? createRuleDecider(config.policy.rule) : createPolicyDecider(rules);
  const { broker: credentials } = base;
  const common = { servers, connectors, secrets, telemetry, guard, indexes: given.indexes };
  const connections = new ConnectionPool({ ...common, credentials, tenant: ownTenant });
  const registry = await startRegistry({
    servers,
    toolsets,
    tenant: ownTenant,
    connections,
    pins: store.pins,
    bus,
    clock,
    random,
    telemetry,
  });
  const watched = { registry, connections, telemetry, decider, clock };
  const watch = createWatch({ ...watched, freezes, guard });
  const { cache, unsubscribe } = await openCache(config, base, connections);
  const onCount = (count: number): void => telemetry.gauge("approvals_waiting_requests", count, {});
  const waiters = new Waiters(config.gate.parked, onCount);
  const { breakers, tracks } = openTracks({ connections, clock, telemetry });
  const behind = { connections, registry, cache, decider, guard, waiters, tracks };
  const { gate, underWay } = countExchanges(composeGate(config, base, behind));
  return {
    gate,
    breakers,
    tracks,
    watch,
    registry,
    scan: known.scan,
    async close() {
      watch.close();
      waiters.close();
      await unsubscribe();
      await registry.close();
      // Calls that began under this revision end under it, also those that were not sent yet.
      const isBusy = (): boolean => connections.outstanding() > 0 || underWay() > 0;
      const untilMs = clock.monotonicMs() + config.limits.drainTime;
      while (isBusy() && clock.monotonicMs() < untilMs) await clock.sleep(idlePollMs);
      rules?.close();
      await connections.close();
    },
  };
}

/** What is known of servers from the calls before. */
function openTracks(options: Omit<TrackOptions, "onBreaker">) {
  const breakers = new Map<string, BreakerState>();
  const onBreaker = (server: string, state: BreakerState): void => void breakers.set(server, state);
  return { breakers, tracks: createTracks({ ...options, onBreaker }) };
}

async function openCache({ servers }: Config, base: GateBase, connections: ConnectionPool) {
  const { clock, telemetry, bus } = base;
  const cache = createResultCache({
    clock,
    telemetry,
    onEffect: (server) => {
      bus.publish(cacheChannel, server).catch((fault) => {
        telemetry.log("warn", "other replicas were not told of an effect", { server, fault });
      });
    },
  });
  connections.onChange((server) => cache.touch(server));
  const unsubscribe = await bus.subscribe(cacheChannel, (server) => {
    // After a gap nothing that was kept can be trusted.
    for (const each of server === null ? Object.keys(servers) : [server]) cache.touch(each);
  });
  return { cache, unsubscribe };
}

/** Servers whose state a call has changed. */
const cacheChannel = "effects";
const idlePollMs = 50;

interface Behind {
  readonly connections: ConnectionPool;
  readonly registry: Registry;
  readonly cache: ResultCache;
  readonly decider: Decider;
  readonly guard: Guard;
  readonly waiters: Waiters;
  readonly tracks: Tracks;
}

function composeGate(
  { gate, policy, budgets, approvals }: Config,
  base: GateBase,
  { connections, registry, cache, decider, guard, waiters, tracks }: Behind,
) {
  const { clock, random, telemetry, sealer, parked, owner, pool, freezes } = base;
  const { labels: rows } = base.store;
  const labels = createLabels({ rows, clock, decider, forgetMs: policy.forgetLabels });
  const states = createRequestStates({ sealer, clock, lifeMs: gate.parkTime });
  const sent = { connections, clock, random, telemetry, freezes };
  const dispatch = createDispatch({ ...sent, credentials: base.broker, labels }, tracks);
  const toId = (): string => toUuidV7(clock.nowMs(), pool(10));
  return createGate({
    clock,
    telemetry,
    sealer,
    states,
    cache,
    freezes,
    ...toAsking(base),
    freshen: createFreshen(base, guard, labels),
    waiters,
    budgets: createBudgets({ budgets, leases: base.leases, clock }),
    labels,
    owner,
    mailbox: base.mailbox,
    recorder: base.recorder,
    deadlines: base.deadlines,
    catalog: () => registry.catalog(),
    decide: createDecide({
      decider,
      clock,
      salt: () => pool(32).toString("hex"),
      guard,
    }),
    rates: createRates(clock),
    guard,
    admit: createAdmit({
      clock,
      telemetry,
      caller: { ...gate, rate: gate.rate ?? null },
      tenant: { concurrency: gate.tenantConcurrency, queue: gate.queue },
    }),
    exchange: createExchange({ dispatch, states, parked, owner, toId }),
    limits: {
      argumentProblems: gate.argumentProblems,
      parkMs: gate.parkTime,
      resultBytes: gate.resultSize,
      keyMs: approvals.keys,
    },
  });
}

/** How people are asked, and what is known of calls that were made before. */
function toAsking(base: GateBase) {
  const { clock, store, pool, approvals, openings, hashes, touching } = base;
  return {
    approvals,
    openings,
    hashes,
    calls: touching.prolonging(store.calls),
    giveUpCall: (row: CallRow) => giveUp({ store, clock, random: pool }, row),
  };
}

function toWorkspaces({ store, sealedBytes, hashes, clock }: GateBase) {
  return createWorkspaces({ rows: store.workspaces, sealed: sealedBytes, hashes, clock });
}

function toRunParts({ runs, approvals }: GateBase) {
  return { desk: runs, urlOf: approvals.urlOf };
}

/** The servers within this process. */
function createInternalConnector(base: GateBase, memory: Connector | null): Connector {
  const agents = createAgentsConnector({ ...base, ...toRunParts(base) });
  return {
    connect(target, signal) {
      const connector = target.server === memoryServer ? memory : agents;
      if (connector === null) throw new Error("there is no memory in this configuration");
      return connector.connect(target, signal);
    },
  };
}

/** A run that was waited for goes on, and its call's key is how its caller hears of it. */
function createFreshen(base: GateBase, guard: Guard, labels: Labels): GateParts["freshen"] {
  return async (call, kept) => {
    if (call.server.config.transport !== "internal") return null;
    const run = toRunOfAnswer(kept);
    if (run !== null) await labels.inherit(call, run);
    if (call.server.name === memoryServer && call.target === "recall")
      await labels.take(call, toLabelsOfAnswer(kept));
    const fresh = await toFreshAnswer(toRunParts(base), call.request.principal.tenant, kept);
    if (fresh === null) return null;
    const answer = guard.cleanAnswer(fresh);
    if (answer.kind === "error") return answer;
    return { kind: "result", text: answer.text, isError: answer.value["isError"] === true };
  };
}

function createConnectors(config: Config, base: GateBase): Connectors {
  const { clock, random, telemetry, version, secrets } = base;
  const { directory, baseEnvironment, sandboxes } = base;
  const dialer = createDialer();
  const resultBytes = config.gate.resultSize;
  const toTls = (server: HttpServerConfig) => toDialTls(server, secrets);
  const common = { dialer, clock, random, telemetry, version, resultBytes };
  return {
    http: createHttpConnector({ ...common, toTls }),
    sse: createSseConnector({ ...common, toTls }),
    stdio: new StdioConnector({ ...common, directory, baseEnvironment, sandboxes }),
  };
}
