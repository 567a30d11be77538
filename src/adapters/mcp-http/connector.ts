import { cutShort } from "../../lib/cut-short.ts";
import { createMetaWriter } from "../../mcp/modern-meta.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Dialer, DialTls } from "../../ports/dialer.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Connector, UpstreamTarget } from "../../ports/upstream.ts";
import { isRemote, type HttpServerConfig } from "../../model/config-servers.ts";
import { HttpUpstream } from "./http-upstream.ts";
import { probe } from "./probe.ts";
import type { Endpoint } from "./post.ts";

export interface HttpConnectorOptions {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Of this product, as it is told to servers. */
  readonly version: string;
  readonly resultBytes: number;
  readonly toTls: (config: HttpServerConfig) => DialTls | null;
}

/** A server that does not say what it speaks in this time is down. */
const probeMs = 15_000;
/** Standing streams and cancellations need a connection even while all places are taken. */
const spareConnections = 16;

export function createHttpConnector(options: HttpConnectorOptions): Connector {
  const writeMeta = createMetaWriter(options.version);
  return {
    async connect(target, signal) {
      const { config } = target;
      if (!isRemote(config)) throw new Error("only remote servers are reached over HTTP");
      const url = new URL(target.endpoint);
      const endpoint = toEndpoint(options, target, config);
      const { clock, telemetry } = options;
      const late = () => new Fault("upstream_unreachable", `${url.host} did not answer in time.`);
      try {
        const opened = await cutShort({ clock, signal, withinMs: probeMs, late }, (until) =>
          probe({
            endpoint,
            place: url.host,
            version: options.version,
            metaText: writeMeta({}, {}),
            redact: target.redact,
            signal: until,
          }),
        );
        return new HttpUpstream({
          target,
          endpoint,
          place: url.host,
          opened,
          writeMeta,
          clock,
          telemetry,
        });
      } catch (error) {
        await endpoint.origin.close();
        throw error;
      }
    },
  };
}

function toEndpoint(
  options: HttpConnectorOptions,
  target: UpstreamTarget,
  config: HttpServerConfig,
): Endpoint {
  const url = new URL(target.endpoint);
  return {
    origin: options.dialer.open({
      url: target.endpoint,
      private: config.private,
      tls: options.toTls(config),
      connections: config.concurrency + spareConnections,
    }),
    path: `${url.pathname}${url.search}`,
    headers: {
      ...target.headers,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
    present: target.present,
    resultBytes: options.resultBytes,
  };
}
