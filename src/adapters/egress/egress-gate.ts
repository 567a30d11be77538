import type { Duplex } from "node:stream";
import type { Clock } from "../../ports/clock.ts";
import type { Egress, EgressAttempt, EgressGate, EgressOptions } from "../../ports/egress.ts";
import { Connection } from "./connection.ts";
import { createAttemptLog } from "./egress-log.ts";
import { resolveBySystem, type Resolve } from "./reach.ts";
import { EgressRefusal } from "./refusal.ts";
import { compileRules } from "./rules.ts";

export interface EgressGateOptions {
  readonly clock: Clock;
  readonly resolve?: Resolve;
}

const minuteMs = 60_000;

export function createEgressGate({
  clock,
  resolve = resolveBySystem,
}: EgressGateOptions): EgressGate {
  return { open: (options) => openEgress(options, { clock, resolve }) };
}

function openEgress(
  options: EgressOptions,
  { clock, resolve }: Required<EgressGateOptions>,
): Egress {
  const { limits, onAttempt } = options;
  const permit = compileRules(options.rules);
  const parts = { clock, resolve, permit, private: options.private, limits };
  const log = createAttemptLog();
  const open = new Map<Connection, Promise<void>>();
  const isOverRate = createRate(limits.connectionsPerMinute, clock);
  let isClosed = false;

  function tell(attempt: EgressAttempt): void {
    log.add(attempt);
    onAttempt(attempt);
  }

  return {
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
