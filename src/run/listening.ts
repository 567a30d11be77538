import type { Clock } from "../ports/clock.ts";
import type { Freezes } from "../ports/freezes.ts";
import type { LeakScan } from "../ports/leak-scan.ts";
import type { ModelCall, ModelEvent, RefusedCall } from "../ports/model-backend.ts";
import type { Telemetry } from "../ports/telemetry.ts";
import { toNamed, type Completing } from "./completing.ts";
import { createAnswerGuard } from "./guard-answer.ts";

export interface ListeningParts {
  readonly freezes: Freezes;
  /** What answers are looked through with. */
  readonly scan: LeakScan;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface Listening {
  text: string;
  backend: string | null;
  readonly calls: Map<number, ModelCall | RefusedCall>;
  /** Names of known secrets that were in it. */
  readonly leaked: Set<string>;
  hasBegun: boolean;
  /** A backend failed that may be paid for it all the same. */
  mayOwe: boolean;
  /** Fires when the answer was frozen in the middle, or holds what nobody may be told. */
  readonly stopped: AbortSignal;
  readonly onEvent: (event: ModelEvent) => void;
  /** Stops it where it is frozen by now. */
  readonly checkFrozen: () => void;
  /** Passes on what was kept back of it. */
  readonly end: () => void;
}

/** What comes is passed on as long as nobody has stopped it. */
export function listen(options: ListeningParts, asking: Completing): Listening {
  const { freezes, scan, telemetry } = options;
  const stopping = new AbortController();
  const guard = createAnswerGuard({
    scan,
    onFound: (secrets) => {
      for (const secret of secrets) said.leaked.add(secret);
      telemetry.count("gate_leaks", { where: "answer" });
      const about = { ...toNamed(asking), backend: said.backend, secrets };
      telemetry.log("warn", "a known secret in an answer of a model was not passed on", about);
    },
    onEvent: (event) => {
      if (event.kind === "text") said.text += event.text;
      if (event.kind === "call") said.calls.set(event.index, event.call);
      if (event.kind === "call_refused") said.calls.set(event.index, event);
      asking.onEvent(event);
    },
  });
  const subject = {
    principal: asking.principal,
    server: null,
    tool: null,
    effect: "read",
  } as const;
  const said: Listening = {
    text: "",
    backend: null,
    calls: new Map(),
    leaked: new Set(),
    hasBegun: false,
    mayOwe: false,
    stopped: stopping.signal,
    checkFrozen() {
      try {
        freezes.check(subject);
      } catch (error) {
        stopping.abort(error);
      }
    },
    onEvent(event) {
      said.checkFrozen();
      if (stopping.signal.aborted || asking.signal.aborted) return;
      said.hasBegun = true;
      try {
        guard.push(event);
      } catch (error) {
        stopping.abort(error);
      }
    },
    end: () => guard.end(),
  };
  return said;
}

const lookForFreezesMs = 1_000;

/** Also while nothing comes: in the line of a backend, and while a model thinks. */
export async function watchFreezes(
  { clock }: ListeningParts,
  said: Listening,
  over: AbortSignal,
): Promise<void> {
  while (!said.stopped.aborted) {
    await clock.sleep(lookForFreezesMs, over);
    said.checkFrozen();
  }
}
