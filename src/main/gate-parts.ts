import { createDialer } from "../adapters/dialer/dialer.ts";
import { createHttpConnector } from "../adapters/mcp-http/connector.ts";
import { createSseConnector } from "../adapters/mcp-sse/connector.ts";
import { createStdioConnector } from "../adapters/mcp-stdio/connector.ts";
import { createAdmit } from "../gate/admit.ts";
import { createConnections } from "../gate/connections.ts";
import { createDecide } from "../gate/decide.ts";
import { createDispatch } from "../gate/dispatch.ts";
import { createExchange } from "../gate/exchange.ts";
import { createGate } from "../gate/gate.ts";
import { createRequestStates } from "../gate/request-state.ts";
import { createRuleDecider } from "../gate/rule-decider.ts";
import { createWatch } from "../gate/watch.ts";
import type { Config } from "../model/config.ts";
import type { HttpServerConfig } from "../model/config-servers.ts";
import { toUuidV7, type TenantId } from "../model/index.ts";
import type { Registry } from "../ports/registry.ts";
import type { Watch } from "../ports/watch.ts";
import { startRegistry } from "../registry/registry.ts";
import { toDialTls } from "./dial-tls.ts";
import type { GateBase } from "./gate-base.ts";

/** Until there are tenants in the configuration, there is one. */
const tenant = "default" as TenantId;

/** The gate of one revision: every stage made once, for all its calls. */
export interface GateOfRevision {
  readonly gate: ReturnType<typeof createGate>;
  readonly watch: Watch;
  readonly registry: Registry;
  close(): Promise<void>;
}

export async function startGate(config: Config, base: GateBase): Promise<GateOfRevision> {
  const { clock, random, telemetry, sealer, store, bus } = base;
  const connections = createConnections({
    ...{ servers: config.servers, secrets: base.secrets, telemetry },
    connectors: createConnectors(config, base),
  });
  const registry = await startRegistry({
    ...{ servers: config.servers, toolsets: config.toolsets, tenant, connections },
    ...{ pins: store.pins, bus, clock, random, telemetry },
  });
  const watch = createWatch({ registry, connections, telemetry });
  const states = createRequestStates({ sealer, clock, lifeMs: config.gate.parkTime });
  const dispatch = createDispatch({ connections, clock, random, telemetry });
  const toId = (): string => toUuidV7(clock.nowMs(), base.pool(10));
  const gate = createGate({
    ...{ clock, telemetry, sealer, states, mailbox: base.mailbox, owner: base.owner },
    ...{ recorder: base.recorder, deadlines: base.deadlines },
    catalog: () => registry.catalog(),
    decide: createDecide({
      decider: createRuleDecider(config.policy.rule),
      salt: () => base.pool(32).toString("hex"),
    }),
    admit: createAdmit({ clock, caller: { ...config.gate, rate: config.gate.rate ?? null } }),
    exchange: createExchange({ dispatch, states, parked: base.parked, owner: base.owner, toId }),
    limits: { argumentProblems: config.gate.argumentProblems, parkMs: config.gate.parkTime },
  });
  sayRule(config, base);
  return {
    ...{ gate, watch, registry },
    async close() {
      watch.close();
      await registry.close();
      await connections.close();
    },
  };
}

/** Whoever allows everything is told so at each start. */
function sayRule({ policy, servers }: Config, { telemetry }: GateBase): void {
  const count = Object.keys(servers).length;
  if (count === 0) return;
  if (policy.rule === "allow-all") {
    telemetry.log(
      "warn",
      "policy.rule is allow-all: every caller may call every tool that is not blocked",
      { servers: count },
    );
  } else {
    telemetry.log(
      "warn",
      "policy.rule is deny-all: no tool can be called until countersign.yaml allows it",
      { servers: count },
    );
  }
}

function createConnectors(config: Config, base: GateBase) {
  const { clock, random, telemetry, version, secrets, directory, baseEnvironment } = base;
  const dialer = createDialer();
  const resultBytes = config.gate.resultSize;
  const toTls = (server: HttpServerConfig) => toDialTls(server, secrets);
  const common = { dialer, clock, random, telemetry, version, resultBytes };
  return {
    http: createHttpConnector({ ...common, toTls }),
    sse: createSseConnector({ ...common, toTls }),
    stdio: createStdioConnector({ ...common, directory, baseEnvironment }),
  };
}
