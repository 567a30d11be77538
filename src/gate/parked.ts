import type { Json } from "../lib/strict-json.ts";
import { untilAborted } from "../lib/until-aborted.ts";
import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { AskAnswer, UpstreamAsk, UpstreamNotification } from "../ports/upstream.ts";
import type { Dispatched } from "./dispatch.ts";
import type { Opened } from "./call.ts";

/**
 * A call to a legacy server whose client is modern. The server asks in the middle and keeps the call
 * open; the client is answered `input_required` and comes back with a new request. In between the
 * call is parked here.
 */
export class ParkedCall {
  readonly opened: Opened;
  readonly #asks = new Map<string, Ask>();
  readonly #cancel: AbortController;
  #listener: (notification: UpstreamNotification) => void = () => undefined;
  #nextKey = 1;
  #onAsk: () => void = () => undefined;
  #ended: Promise<Dispatched> | null = null;

  /** `cancel` is that of the request that began it; the call goes on under it when that has ended. */
  constructor(opened: Opened, cancel: AbortController) {
    this.opened = opened;
    this.#cancel = cancel;
  }

  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  /** Its row says it before it lives longer; a call that cannot be prolonged is cancelled. */
  async prolong(toMs: number): Promise<void> {
    try {
      await untilAborted(this.opened.life.prolong(toMs), this.signal);
      this.signal.throwIfAborted();
    } catch (error) {
      this.cancel(error);
      throw error;
    }
  }

  /** Whoever follows it now can cancel it; gives what ends that. */
  follows(cancel: AbortController): () => void {
    if (cancel === this.#cancel) return nothing;
    const onAbort = (): void => this.cancel(cancel.signal.reason);
    if (cancel.signal.aborted) onAbort();
    cancel.signal.addEventListener("abort", onAbort);
    return () => cancel.signal.removeEventListener("abort", onAbort);
  }

  cancel(reason: unknown): void {
    this.#cancel.abort(reason);
    for (const ask of this.#asks.values()) ask.refuse(reason);
  }

  onNotification(notification: UpstreamNotification): void {
    this.#listener(notification);
  }

  async onAsk({ method, params, signal }: UpstreamAsk): Promise<AskAnswer> {
    if (this.#asks.size >= maxAsks)
      throw new Fault("overloaded", "The server asks too much at once.");
    const key = `ask-${this.#nextKey++}`;
    try {
      return await new Promise<AskAnswer>((resolve, reject) => {
        this.#asks.set(key, { method, params, answer: resolve, refuse: reject });
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        this.#onAsk();
      });
    } finally {
      this.#asks.delete(key);
    }
  }

  begin(ended: Promise<Dispatched>): void {
    this.#ended = ended;
    // Nobody may be waiting for it while it is parked.
    ended.catch(() => undefined);
  }

  /** Until the call ends, or its server asks; notifications go to this request meanwhile. */
  async follow(
    listener: (notification: UpstreamNotification) => void,
  ): Promise<Dispatched | "asks"> {
    this.#listener = listener;
    const asked = new Promise<"asks">((resolve) => {
      this.#onAsk = () => resolve("asks");
    });
    if (this.#asks.size > 0) return "asks";
    try {
      return await Promise.race([this.#ended!, asked]);
    } finally {
      this.#listener = () => undefined;
      this.#onAsk = () => undefined;
    }
  }

  /** What the server waits for, as the native protocol puts it to a client. */
  inputRequests(): Readonly<Record<string, Json>> {
    return Object.fromEntries(
      [...this.#asks].map(([key, { method, params }]) => [key, { method, params }]),
    );
  }

  /**
   * Keys that are not known are not looked at; those that are missing are asked again. Throws when
   * nothing may be sent any more.
   */
  give(responses: Readonly<Record<string, Json>>): void {
    this.signal.throwIfAborted();
    this.opened.life.check();
    for (const [key, ask] of this.#asks) {
      if (!Object.hasOwn(responses, key)) continue;
      this.#asks.delete(key);
      ask.answer({ kind: "result", result: responses[key]! });
    }
  }
}

const maxAsks = 16;
const nothing = (): void => undefined;

interface Ask {
  readonly method: string;
  readonly params: Readonly<Record<string, Json>>;
  readonly answer: (answer: AskAnswer) => void;
  readonly refuse: (reason: unknown) => void;
}

export interface ParkedCalls {
  /**
   * Throws at the bound, and when it cannot live on. Its row says how long it may be parked before it
   * is; it is cancelled when nobody came back for it by then.
   */
  park(id: string, call: ParkedCall): Promise<void>;
  /** Null when it ended, was cancelled, or was never here. Whoever takes it parks it again or ends it. */
  take(id: string): ParkedCall | null;
  close(): Promise<void>;
}

export interface ParkedOptions {
  readonly clock: Clock;
  readonly max: number;
  readonly parkMs: number;
  readonly onCount: (count: number) => void;
  /** A call that nobody came back for is over: its outcome is not known here. */
  readonly onLost: (opened: Opened, reason: Fault) => Promise<void>;
}

export function createParkedCalls(options: ParkedOptions): ParkedCalls {
  const { clock, max, parkMs } = options;
  const held = createHeld(options);
  /** Those whose rows are being prolonged. */
  let arriving = 0;
  let isClosed = false;
  function refuse(call: ParkedCall, reason: Fault): never {
    call.cancel(reason);
    throw reason;
  }
  return {
    async park(id, call) {
      const message = "Too many calls wait for an answer of their clients.";
      if (held.count() + arriving >= max) refuse(call, new Fault("overloaded", message));
      arriving += 1;
      try {
        await call.prolong(clock.nowMs() + parkMs);
      } finally {
        arriving -= 1;
      }
      if (isClosed) refuse(call, draining());
      held.add(id, call);
    },
    take(id) {
      const call = held.remove(id);
      if (call === null || !call.opened.life.isOver) return call;
      // The clock was set, or stood still: the sleep is not over, and the call is.
      void held.lose(call, late());
      return null;
    },
    async close() {
      isClosed = true;
      const reason = draining();
      await Promise.all(held.removeAll().map((call) => held.lose(call, reason)));
    },
  };
}

function late(): Fault {
  return new Fault("deadline_exceeded", "The client did not answer in time.");
}

/** Those that wait, each for as long as its row says. */
function createHeld({ clock, parkMs, onCount, onLost }: ParkedOptions) {
  const calls = new Map<string, { readonly call: ParkedCall; readonly expiry: AbortController }>();
  function lose(call: ParkedCall, reason: Fault): Promise<void> {
    call.cancel(reason);
    return onLost(call.opened, reason);
  }
  function remove(id: string): ParkedCall | null {
    const found = calls.get(id);
    if (found === undefined) return null;
    calls.delete(id);
    onCount(calls.size);
    found.expiry.abort();
    return found.call;
  }
  return {
    lose,
    remove,
    count: () => calls.size,
    removeAll: () => [...calls.keys()].flatMap((id) => remove(id) ?? []),
    add(id: string, call: ParkedCall): void {
      const expiry = new AbortController();
      calls.set(id, { call, expiry });
      onCount(calls.size);
      // What writing its row took is part of its time.
      const leftMs = Math.max(0, Math.min(parkMs, call.opened.life.notAfterMs - clock.nowMs()));
      clock.sleep(leftMs, expiry.signal).then(
        () => {
          if (remove(id) !== null) void lose(call, late());
        },
        () => undefined,
      );
    },
  };
}

function draining(): Fault {
  return new Fault("draining", "This server is shutting down.");
}
