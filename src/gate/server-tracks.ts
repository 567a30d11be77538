import { Fault, type BreakerState, type FaultCode } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { Connections } from "../ports/connections.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { Breaker, type BreakerStanding } from "./breaker.ts";
import type { AdmittedCall } from "./call.ts";
import type { EndpointLoad } from "./choose-endpoint.ts";

export interface TrackOptions {
  readonly connections: Pick<Connections, "endpoints">;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly onBreaker?: (server: string, state: BreakerState) => void;
}

/** What is known of a server from the calls before. */
export interface ServerTrack {
  readonly breaker: Breaker;
  readonly loads: readonly EndpointLoad[];
  /** Sendings beyond the first that its calls may have just now. */
  retryTokens: number;
}

/** How a server is, as the calls of this replica have found it. */
export interface ServerStanding {
  readonly breaker: BreakerStanding;
  readonly endpoints: readonly EndpointStanding[];
  /** By the server's own name, of those that are not closed. */
  readonly tools: ReadonlyMap<string, BreakerStanding>;
}

export interface EndpointStanding {
  readonly endpoint: string;
  /** Sent and not answered. */
  readonly outstanding: number;
  /** In a row. */
  readonly faults: number;
  /** How long others are chosen in its place; 0: it is not left out. */
  readonly ejectedMs: number;
}

export type Tracks = ReturnType<typeof createTracks>;

/** A call that the breakers let through. */
export interface Entered {
  readonly track: ServerTrack;
  readonly ofTool: Breaker | null;
  readonly probe: Probe;
}

interface Probe {
  readonly ofServer: boolean;
  readonly ofTool: boolean;
}

/** One more sending for each ten calls, so that a server in trouble is not drowned. */
const retryShare = 0.1;
const retryBurst = 10;

export function createTracks(options: TrackOptions) {
  const servers = new Map<string, ServerTrack>();
  const tools = new Map<string, { server: string; name: string; breaker: Breaker }>();

  function ofServer(server: string): ServerTrack {
    const known = servers.get(server);
    if (known !== undefined) return known;
    const track = createTrack(options, server);
    servers.set(server, track);
    return track;
  }

  function breakerOf({ server, tool }: AdmittedCall): Breaker | null {
    if (tool === null) return null;
    const key = `${server.name}\n${tool.name}`;
    const known = tools.get(key);
    if (known !== undefined) return known.breaker;
    const breaker = new Breaker(options.clock, `The tool ${tool.exposed}`, () => undefined);
    tools.set(key, { server: server.name, name: tool.name, breaker });
    return breaker;
  }

  return {
    /** Throws `upstream_open` for a call that the breaker of its tool or server keeps away. */
    enter(call: AdmittedCall): Entered {
      const track = ofServer(call.server.name);
      const ofTool = breakerOf(call);
      const probe = checkBreakers(track.breaker, ofTool);
      track.retryTokens = Math.min(retryBurst, track.retryTokens + retryShare);
      return { track, ofTool, probe };
    },
    /** Null: no call was made to it yet. */
    stand(server: string): ServerStanding | null {
      const track = servers.get(server);
      if (track === undefined) return null;
      const own = [...tools.values()].filter((each) => each.server === server);
      const stopped = own.filter(({ breaker }) => breaker.state !== "closed");
      const nowMs = options.clock.monotonicMs();
      return {
        breaker: track.breaker.stand(),
        endpoints: track.loads.map(({ endpoint, outstanding, faults, ejectedUntilMs }) => {
          const ejectedMs = Math.max(0, ejectedUntilMs - nowMs);
          return { endpoint, outstanding, faults, ejectedMs };
        }),
        tools: new Map(stopped.map(({ name, breaker }) => [name, breaker.stand()])),
      };
    },
  };
}

function createTrack(options: TrackOptions, server: string): ServerTrack {
  const { connections, clock, telemetry, onBreaker } = options;
  const onMove = (to: BreakerState): void => {
    onBreaker?.(server, to);
    telemetry.count("gate_breaker_moves", { to });
    telemetry.log("warn", "the breaker of a server moved", { server, to });
  };
  return {
    breaker: new Breaker(clock, `The server ${server}`, onMove),
    loads: connections
      .endpoints(server)
      .map((endpoint) => ({ endpoint, outstanding: 0, faults: 0, ejectedUntilMs: 0 })),
    retryTokens: retryBurst,
  };
}

function checkBreakers(breaker: Breaker, ofTool: Breaker | null): Probe {
  const isToolProbe = ofTool?.check() ?? false;
  try {
    return { ofServer: breaker.check(), ofTool: isToolProbe };
  } catch (error) {
    if (isToolProbe) ofTool?.gaveUp();
    throw error;
  }
}

export function noteAnswer({ track, ofTool }: Entered): void {
  track.breaker.succeeded();
  ofTool?.succeeded();
}

/** Null: it ended without an answer, and not for the server's sake. */
export function noteEnd({ track, ofTool, probe }: Entered, error: unknown, lateMs = 0): void {
  const isBad = isOfServer(error, lateMs);
  const code = error instanceof Fault ? error.code : null;
  if (isBad) ofTool?.faulted(code);
  else if (probe.ofTool) ofTool?.gaveUp();
  // A deadline says something about the tool; only the others say that the server is gone.
  const isLate = error instanceof Fault && error.code === "deadline_exceeded";
  if (isBad && !isLate) track.breaker.faulted(code);
  else if (probe.ofServer) track.breaker.gaveUp();
}

const saidOfServer: ReadonlySet<FaultCode> = new Set([
  "upstream_unreachable",
  "upstream_lost",
  "upstream_garbled",
  "deadline_exceeded",
]);

/** Deadlines fire within 20 ms of their time, unless this process stood still: frozen, or starved. */
const stoodStillMs = 1_000;

/**
 * Says something bad about the server: counted by breaker and ejection. What ended long after its time
 * says only that nobody here was there to read the answer.
 */
export function isOfServer(error: unknown, lateMs: number): boolean {
  if (!(error instanceof Fault) || !saidOfServer.has(error.code)) return false;
  return error.code !== "deadline_exceeded" || lateMs < stoodStillMs;
}
