import { ChannelUpstream } from "../../src/mcp/channel-upstream.ts";
import { createMetaWriter } from "../../src/mcp/modern-meta.ts";
import type { Connector } from "../../src/ports/upstream.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createFixtureLines } from "./fixture-lines.ts";
import type { Era } from "./fixture-server.ts";

const telemetry = {
  count: () => undefined,
  observe: () => undefined,
  gauge: () => undefined,
  log: () => undefined,
};

/** The fixture in this process: no socket, no pipe; each message is a text that is handed over. */
export function createMemoryConnector(era: Era): Connector {
  return {
    async connect(target, signal) {
      const upstream = new ChannelUpstream({
        target,
        version: "0.0.0",
        writeMeta: createMetaWriter("0.0.0"),
        clock: systemClock,
        telemetry,
      });
      const take = createFixtureLines(era, (message) => {
        const text = JSON.stringify(message);
        queueMicrotask(() => upstream.onLine(text));
      });
      upstream.attach({
        write: (text, sent) => {
          sent?.beforeWrite();
          queueMicrotask(() => take(JSON.parse(text) as Record<string, unknown>));
        },
        sandbox: null,
        kill: (reason) => upstream.end(reason),
        close: async () => upstream.end("closed"),
      });
      if ((await upstream.discover(signal)) === null) await upstream.initialize(signal);
      return upstream;
    },
  };
}
