import type { BreakerState } from "../model/index.ts";
import type { ModelPrices } from "../model/model-usage.ts";
import type { Clock } from "../ports/clock.ts";
import type { ModelBackend } from "../ports/model-backend.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { createModelBreaker, type ModelBreaker } from "./model-breaker.ts";
import { blend, ModelQueue, type QueueBounds } from "./model-queue.ts";

type BackendKind = "openai" | "anthropic" | "scripted";

/** A backend as configuration names it. */
export interface NamedBackend extends QueueBounds {
  readonly name: string;
  readonly kind: BackendKind;
  readonly model: string;
  /** Host and port, for people. */
  readonly host: string;
  readonly prices: ModelPrices | null;
  readonly marksPrefix: boolean;
  readonly backend: ModelBackend;
}

/** How a backend is, as this replica sees it. */
export interface BackendState {
  readonly name: string;
  readonly kind: BackendKind;
  readonly model: string;
  readonly host: string;
  readonly breaker: BreakerState;
  readonly active: number;
  readonly waiting: number;
  readonly resting: boolean;
  readonly priced: boolean;
  /** Averages that forget; null before the first answer. */
  readonly firstTokenMs: number | null;
  readonly tokensPerSecond: number | null;
  readonly lastFault: string | null;
}

export interface LiveBackend extends NamedBackend {
  readonly breaker: ModelBreaker;
  readonly line: ModelQueue;
  measured(measure: Measure): void;
  faulted(code: string): void;
  describe(): BackendState;
}

export interface Measure {
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number | null;
}

export interface LiveTools {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly onDepth: () => void;
}

export function createLiveBackend(named: NamedBackend, tools: LiveTools): LiveBackend {
  const { clock, telemetry, onDepth } = tools;
  const { name, kind, model, host, prices } = named;
  const line = new ModelQueue(clock, named, onDepth);
  const breaker = createModelBreaker(clock, (to) => {
    telemetry.count("model_breaker_moves", { to });
    telemetry.log(to === "open" ? "warn" : "info", "breaker of a model's backend", { name, to });
  });
  let firstTokenMs: number | null = null;
  let tokensPerSecond: number | null = null;
  let lastFault: string | null = null;
  return {
    ...named,
    line,
    breaker,
    measured: (now) => {
      lastFault = null;
      firstTokenMs =
        firstTokenMs === null ? now.firstTokenMs : blend(firstTokenMs, now.firstTokenMs);
      if (now.tokensPerSecond === null) return;
      tokensPerSecond =
        tokensPerSecond === null
          ? now.tokensPerSecond
          : blend(tokensPerSecond, now.tokensPerSecond);
    },
    faulted: (code) => {
      lastFault = code;
    },
    describe: () => ({
      name,
      kind,
      model,
      host,
      breaker: breaker.state,
      active: line.active,
      waiting: line.waiting,
      resting: line.isResting,
      priced: prices !== null,
      firstTokenMs,
      tokensPerSecond,
      lastFault,
    }),
  };
}
