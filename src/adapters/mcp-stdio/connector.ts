import { ChannelUpstream } from "../../mcp/channel-upstream.ts";
import { createMetaWriter } from "../../mcp/modern-meta.ts";
import { within, type Limits } from "../../mcp/within.ts";
import { Fault } from "../../model/index.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Random } from "../../ports/random.ts";
import type { Telemetry } from "../../ports/telemetry.ts";
import type { Connector, Upstream, UpstreamTarget } from "../../ports/upstream.ts";
import { Child } from "./child.ts";
import { runProgram, type ProgramOptions } from "./run-program.ts";
import { findTellingLine } from "./telling-line.ts";

export interface StdioConnectorOptions extends ProgramOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly version: string;
  readonly resultBytes: number;
}

/** Programs start slowly: an interpreter, its modules, a first connection. */
const helloMs = 30_000;
/** A legacy program may leave a question that it does not know unanswered. */
const discoverMs = 8_000;
const firstPauseMs = 250;
const maxPauseMs = 30_000;
/** A program that ran this long was well: its next start is not held back. */
const wellMs = 60_000;

interface History {
  ends: number;
  startedMs: number;
  notBeforeMs: number;
  isLegacy: boolean;
}

/** One program an endpoint. One that keeps ending is started again ever more slowly. */
export class StdioConnector implements Connector {
  readonly #options: StdioConnectorOptions;
  readonly #writeMeta: ReturnType<typeof createMetaWriter>;
  readonly #histories = new Map<string, History>();

  constructor(options: StdioConnectorOptions) {
    this.#options = options;
    this.#writeMeta = createMetaWriter(options.version);
  }

  async connect(target: UpstreamTarget, signal: AbortSignal): Promise<Upstream> {
    const history = this.#historyOf(target);
    if (!history.isLegacy) {
      const found = await this.#probe(target, history, signal);
      if (found !== null) return found;
    }
    const { upstream, child } = await this.#start(target, history);
    try {
      await this.#initialize(upstream, signal);
      history.isLegacy = true;
      return upstream;
    } catch (error) {
      history.isLegacy = false;
      await child.close();
      throw toFault(error, child);
    }
  }

  /** Null for a program that ended over a question it does not know: it is asked in the old way. */
  async #probe(
    target: UpstreamTarget,
    history: History,
    signal: AbortSignal,
  ): Promise<Upstream | null> {
    const { clock } = this.#options;
    const { ends, notBeforeMs } = history;
    const { upstream, child } = await this.#start(target, history);
    try {
      const isModern = await greet(upstream, { clock, signal, withinMs: discoverMs });
      if (!isModern) await this.#initialize(upstream, signal);
      return upstream;
    } catch (error) {
      const hadEnded = child.ended !== null && isEnded(error) && !signal.aborted;
      await child.close();
      if (!hadEnded) throw toFault(error, child);
      // It may have ended over the question alone, so this end does not count; those before do.
      history.ends = ends;
      history.notBeforeMs = notBeforeMs;
      return null;
    }
  }

  async #initialize(upstream: ChannelUpstream, signal: AbortSignal): Promise<void> {
    const waiting = { clock: this.#options.clock, signal, withinMs: helloMs };
    await within({ ...waiting, who }, (until) => upstream.initialize(until));
  }

  #historyOf({ server, endpoint }: UpstreamTarget): History {
    const key = `${server}\n${endpoint}`;
    const known = this.#histories.get(key);
    if (known !== undefined) return known;
    const history = { ends: 0, startedMs: 0, notBeforeMs: 0, isLegacy: false };
    this.#histories.set(key, history);
    return history;
  }

  #noteEnd(history: History): void {
    const { clock, random } = this.#options;
    const nowMs = clock.monotonicMs();
    history.ends = nowMs - history.startedMs > wellMs ? 0 : history.ends + 1;
    // The first end is an accident: its program is replaced at once.
    const doubled = Math.min(maxPauseMs, firstPauseMs * 2 ** (history.ends - 2));
    const pauseMs = history.ends <= 1 ? 0 : doubled;
    history.notBeforeMs = nowMs + pauseMs * (0.5 + random.fraction() / 2);
  }

  async #start(target: UpstreamTarget, history: History) {
    const { clock, telemetry, resultBytes } = this.#options;
    const { config, server } = target;
    if (config.transport !== "stdio") throw new Error("only programs are started");
    const waitMs = Math.ceil(history.notBeforeMs - clock.monotonicMs());
    if (waitMs > 0) {
      throw new Fault(
        "upstream_unreachable",
        `The program keeps ending; it is started again in ${waitMs} ms.`,
        { details: { retryAfterMs: waitMs } },
      );
    }
    history.startedMs = clock.monotonicMs();
    const upstream = new ChannelUpstream({
      ...this.#options,
      target,
      writeMeta: this.#writeMeta,
    });
    const child = new Child({
      program: await runProgram(this.#options, config, target),
      clock,
      lineBytes: resultBytes,
      redact: target.redact,
      onLine: (line) => upstream.onLine(line),
      onComplaint: (line) =>
        telemetry.log("debug", "a program complained", { server, line: line.slice(0, 500) }),
      onEnd: (reason) => {
        this.#noteEnd(history);
        upstream.end(reason);
        target.onClose(reason);
      },
    });
    upstream.attach(child);
    return { upstream, child };
  }
}

type Waiting = Omit<Limits, "who">;

const who = "The program";

/** True for a modern program; false for one that does not know the question or is silent. */
async function greet(upstream: ChannelUpstream, waiting: Waiting): Promise<boolean> {
  try {
    return (await within({ ...waiting, who }, (until) => upstream.discover(until))) !== null;
  } catch (error) {
    if (error instanceof Fault && error.code === "deadline_exceeded") return false;
    throw error;
  }
}

function isEnded(error: unknown): boolean {
  return (
    error instanceof Fault &&
    (error.code === "upstream_lost" || error.code === "upstream_unreachable")
  );
}

/** Nothing of a call was sent, whatever went wrong with the program. */
function toFault(error: unknown, child: Child): unknown {
  if (!(error instanceof Fault)) return error;
  const said = findTellingLine(child.complaints);
  const tail = said === undefined ? "" : ` It said: ${said.slice(0, 300)}`;
  return new Fault("upstream_unreachable", `${error.message}${tail}`, { cause: error });
}
