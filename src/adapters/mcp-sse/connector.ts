import { cutShort } from "../../lib/cut-short.ts";
import { ChannelUpstream } from "../../mcp/channel-upstream.ts";
import { createMetaWriter } from "../../mcp/modern-meta.ts";
import type { HttpServerConfig } from "../../model/config-servers.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Dialer, DialTls } from "../../ports/dialer.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Connector } from "../../ports/upstream.ts";
import { SseChannel } from "./sse-channel.ts";

export interface SseConnectorOptions {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly version: string;
  readonly resultBytes: number;
  readonly toTls: (config: HttpServerConfig) => DialTls | null;
}

const helloMs = 15_000;
/** The stream, cancellations and answers need a connection even while all places are taken. */
const spareConnections = 16;

/** Servers of the transport before 2025-03-26: always legacy, always asked in the old way. */
export function createSseConnector(options: SseConnectorOptions): Connector {
  const writeMeta = createMetaWriter(options.version);
  return {
    async connect(target, signal) {
      const { config } = target;
      const { clock } = options;
      if (config.transport !== "sse")
        throw new Error("only servers over HTTP+SSE are spoken to here");
      const url = new URL(target.endpoint);
      const origin = options.dialer.open({
        url: target.endpoint,
        private: config.private,
        tls: options.toTls(config),
        connections: config.concurrency + spareConnections,
      });
      const upstream = new ChannelUpstream({ ...options, target, writeMeta });
      const channel = new SseChannel({
        origin,
        url,
        clock,
        headers: target.headers,
        present: target.present,
        maxBytes: options.resultBytes,
        onMessage: (message) => upstream.onLine(message),
        onEnd: (reason) => {
          upstream.end(reason);
          target.onClose(reason);
        },
      });
      upstream.attach(channel);
      const late = () => new Fault("upstream_unreachable", `${url.host} did not answer in time.`);
      try {
        await cutShort({ clock, signal, withinMs: helloMs, late }, async (until) => {
          await channel.open(until);
          await upstream.initialize(until);
        });
        return upstream;
      } catch (error) {
        await channel.close();
        throw error;
      }
    },
  };
}
