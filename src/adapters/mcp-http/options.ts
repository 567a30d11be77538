import type { createMetaWriter } from "../../mcp/modern-meta.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { UpstreamTarget } from "../../ports/upstream.ts";
import type { Endpoint } from "./post.ts";
import type { Opened } from "./probe.ts";

export interface HttpUpstreamOptions {
  readonly target: UpstreamTarget;
  readonly endpoint: Endpoint;
  readonly place: string;
  readonly opened: Opened;
  readonly writeMeta: ReturnType<typeof createMetaWriter>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}
