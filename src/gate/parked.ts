import type { Json } from "../lib/strict-json.ts";
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

  /** Keys that are not known are not looked at; those that are missing are asked again. */
  give(responses: Readonly<Record<string, Json>>): void {
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
  /** Throws at the bound. The call is cancelled when nobody came back for it in time. */
  park(id: string, call: ParkedCall): void;
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

export function createParkedCalls({
  clock,
  max,
  parkMs,
  onCount,
  onLost,
}: ParkedOptions): ParkedCalls {
  const calls = new Map<string, { readonly call: ParkedCall; readonly expiry: AbortController }>();
  function lose(call: ParkedCall, reason: Fault): Promise<void> {
    call.cancel(reason);
    return onLost(call.opened, reason);
  }
  return {
    park(id, call) {
      if (calls.size >= max) {
        const fault = new Fault(
          "overloaded",
          "Too many calls wait for an answer of their clients.",
        );
        call.cancel(fault);
        throw fault;
      }
      const expiry = new AbortController();
      calls.set(id, { call, expiry });
      onCount(calls.size);
      clock.sleep(parkMs, expiry.signal).then(
        () => {
          calls.delete(id);
          onCount(calls.size);
          void lose(call, new Fault("deadline_exceeded", "The client did not answer in time."));
        },
        () => undefined,
      );
    },
    take(id) {
      const held = calls.get(id);
      if (held === undefined) return null;
      calls.delete(id);
      onCount(calls.size);
      held.expiry.abort();
      return held.call;
    },
    async close() {
      const left = [...calls.values()];
      calls.clear();
      onCount(0);
      const reason = new Fault("draining", "This server is shutting down.");
      for (const { expiry } of left) expiry.abort();
      await Promise.all(left.map(({ call }) => lose(call, reason)));
    },
  };
}
