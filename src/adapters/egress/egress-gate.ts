import type { Duplex } from "node:stream";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { Egress, EgressAttempt, EgressGate, EgressOptions } from "../../ports/egress.ts";
import { compileBoundPlaces } from "./bound-place.ts";
import { Connection } from "./connection.ts";
import { createAttemptLog } from "./egress-log.ts";
import { createInstanceAuthority } from "./instance-authority.ts";
import { resolveBySystem, type Resolve } from "./reach.ts";
import { EgressRefusal } from "./refusal.ts";
import { compileRules } from "./rules.ts";

export interface EgressGateOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly resolve?: Resolve;
  /** Authorities (PEM) whose certificates places with credentials may show, besides those of this machine. */
  readonly trusted?: readonly string[];
}

const minuteMs = 60_000;

export function createEgressGate({
  resolve = resolveBySystem,
  trusted = [],
  ...rest
}: EgressGateOptions): EgressGate {
  return { open: (options) => openEgress(options, { ...rest, resolve, trusted }) };
}

function openEgress(
  options: EgressOptions,
  { random, ...gate }: Required<EgressGateOptions>,
): Egress {
  const { limits, onAttempt, rules, credentials } = options;
  const { clock } = gate;
  const bound = compileBoundPlaces(credentials);
  const hosts = [...bound.keys()].map((place) => place.replace(/:\d+$/, ""));
  const authority = hosts.length === 0 ? null : createInstanceAuthority({ hosts, clock, random });
  const permit = compileRules(rules);
  const parts = { ...gate, permit, private: options.private, limits, bound, authority };
  const log = createAttemptLog();
  const open = new Map<Connection, Promise<void>>();
  const isOverRate = createRate(limits.connectionsPerMinute, clock);
  let isClosed = false;

  function tell(attempt: EgressAttempt): void {
    log.add(attempt);
    onAttempt(attempt);
  }

  return {
    authority: authority?.certificate ?? null,
    accept(socket) {
      if (isClosed || isOverRate()) {
        log.drop();
        drop(socket);
        return;
      }
      const connection = new Connection(socket, parts);
      const served =
        open.size < limits.connections
          ? connection.serve(tell)
          : connection.refuse(new EgressRefusal("busy", "too many connections are open"), tell);
      open.set(
        connection,
        served.finally(() => open.delete(connection)),
      );
    },
    async close() {
      isClosed = true;
      for (const connection of open.keys()) connection.cut("the sandbox has ended");
      await Promise.all(open.values());
    },
    log: () => log.read(),
  };
}

function drop(socket: Duplex): void {
  socket.on("error", () => undefined);
  socket.destroy();
}

/** Counts in windows of a minute each, so that the log of an instance has a bound, too. */
function createRate(perMinute: number, clock: Clock): () => boolean {
  let [fromMs, count] = [clock.monotonicMs(), 0];
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - fromMs >= minuteMs) [fromMs, count] = [nowMs, 0];
    count += 1;
    return count > perMinute;
  };
}
