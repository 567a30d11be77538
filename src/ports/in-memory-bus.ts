import { Fault } from "../model/index.ts";
import type { Bus } from "./bus.ts";
import { requireChannel, requireHint } from "./hint.ts";

export interface InMemoryBus extends Bus {
  /** Tells every subscriber that something may have been missed, as a reconnect would. */
  interrupt(): void;
}

/** A bus within the process. What is published arrives in a later turn, in order. */
export function createInMemoryBus(): InMemoryBus {
  const channels = new Map<string, Set<(payload: string | null) => void>>();
  let closed = false;

  const tell = (channel: string, payload: string | null): void => {
    for (const listener of channels.get(channel) ?? []) {
      try {
        listener(payload);
      } catch {
        // A subscriber that throws must not keep the others from hearing.
      }
    }
  };

  return {
    async publish(channel, payload) {
      if (closed) throw new Fault("draining", "The bus is closed");
      requireHint(channel, payload);
      setImmediate(() => tell(channel, payload));
    },
    async subscribe(channel, onMessage) {
      requireChannel(channel);
      const listener = (payload: string | null): void => onMessage(payload);
      const listeners = channels.get(channel) ?? new Set();
      channels.set(channel, listeners.add(listener));
      return async () => {
        listeners.delete(listener);
      };
    },
    interrupt() {
      for (const channel of channels.keys()) tell(channel, null);
    },
    async close() {
      closed = true;
      channels.clear();
    },
  };
}
