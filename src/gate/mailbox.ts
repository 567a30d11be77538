import { Nudge } from "../lib/nudge.ts";
import { isObject } from "../mcp/read-message.ts";
import { Fault, faults, type FaultCode } from "../model/index.ts";
import type { Bus } from "../ports/bus.ts";
import type { Clock } from "../ports/clock.ts";
import type { GateAnswer } from "../ports/gate.ts";
import type { Letter, Mailbox } from "../ports/mailbox.ts";
import type { Letters } from "../ports/letter-rows.ts";
import type { Telemetry } from "../ports/telemetry.ts";

export interface MailboxOptions {
  readonly letters: Letters;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly toId: () => string;
}

const channel = "letters";
/** The bus is a hint; this is how long a lost one goes unnoticed. */
const pollMs = 500;
/** A letter that its owner has not taken by then: there is no such owner any more. */
const takenWithinMs = 5_000;
/** How often an owner says that it is at work, and how long it may be silent. */
const beatMs = 2_000;
const silentMs = 10_000;
const maxWaiting = 10_000;

/** Letters are rows; the bus tells that there is one. An owner that is silent too long is gone. */
export async function openMailbox(
  options: MailboxOptions,
): Promise<Mailbox & { close(): Promise<void> }> {
  const { bus, letters, clock } = options;
  const waiting = new Map<string, Nudge>();
  const owners = new Set<() => void>();
  const stop = await bus.subscribe(channel, (payload) => {
    if (payload === null) for (const nudge of waiting.values()) nudge.nudge();
    else waiting.get(payload)?.nudge();
    for (const look of owners) look();
  });

  return {
    async send(letter, signal) {
      if (waiting.size >= maxWaiting)
        throw new Fault("overloaded", "Too many answers are on their way.");
      const id = options.toId();
      const nudge = new Nudge();
      waiting.set(id, nudge);
      try {
        const body = Buffer.from(JSON.stringify(letter));
        await letters.put({ id, owner: letter.owner, body, nowMs: clock.nowMs() });
        await bus.publish(channel, letter.owner).catch(() => undefined);
        return fromReply(await awaitReply(options, { id, nudge, signal }));
      } finally {
        waiting.delete(id);
        await letters.remove(id).catch(() => undefined);
      }
    },
    async open(owner, answer) {
      const office = createOffice(options, owner, answer);
      owners.add(office.look);
      office.look();
      return async () => {
        owners.delete(office.look);
        office.close();
      };
    },
    close: () => stop(),
  };
}

interface Awaiting {
  readonly id: string;
  readonly nudge: Nudge;
  readonly signal: AbortSignal;
}

async function awaitReply(
  { letters, clock }: MailboxOptions,
  { id, nudge, signal }: Awaiting,
): Promise<Uint8Array> {
  const sentMs = clock.monotonicMs();
  for (;;) {
    signal.throwIfAborted();
    const state = await letters.read(id);
    if (state === null) throw lost();
    if (state.reply !== null) return state.reply;
    const isUntaken = state.beatMs === null && clock.monotonicMs() - sentMs > takenWithinMs;
    if (isUntaken && (await letters.withdraw(id))) throw lost();
    if (state.beatMs !== null && clock.nowMs() - state.beatMs > silentMs) throw lost();
    await nudge.wait((cut) => clock.sleep(pollMs, AbortSignal.any([cut, signal])));
  }
}

function lost(): Fault {
  return new Fault("parked_lost", "The replica that held the call is gone.");
}

type Answer = (letter: Letter, signal: AbortSignal) => Promise<GateAnswer>;

/** One owner's side: takes its letters, says that it is at work, and answers. */
function createOffice(options: MailboxOptions, owner: string, answer: Answer) {
  const { letters, clock, telemetry } = options;
  const closed = new AbortController();
  let isLooking = false;
  let isAsked = false;

  async function look(): Promise<void> {
    isAsked = true;
    if (isLooking) return;
    isLooking = true;
    try {
      while (isAsked && !closed.signal.aborted) {
        isAsked = false;
        for (const taken of await letters.take(owner, clock.nowMs())) void work(taken);
      }
    } catch (fault) {
      telemetry.log("warn", "letters could not be taken", { fault });
    } finally {
      isLooking = false;
    }
  }

  async function work({
    id,
    body,
  }: {
    readonly id: string;
    readonly body: Uint8Array;
  }): Promise<void> {
    const done = new AbortController();
    void beat(id, done.signal);
    try {
      const reply = await toReply(answer, body, closed.signal);
      await letters.reply(id, Buffer.from(JSON.stringify(reply)));
      await options.bus.publish(channel, id);
    } catch (fault) {
      telemetry.log("warn", "a letter could not be answered", { fault });
    } finally {
      done.abort();
    }
  }

  async function beat(id: string, done: AbortSignal): Promise<void> {
    while (!done.aborted) {
      await clock.sleep(beatMs, done).catch(() => undefined);
      if (!done.aborted) await letters.beat(id, clock.nowMs()).catch(() => undefined);
    }
  }

  async function poll(): Promise<void> {
    while (!closed.signal.aborted) {
      await clock.sleep(pollMs, closed.signal).catch(() => undefined);
      if (!closed.signal.aborted) await look();
    }
  }
  void poll();
  return { look: () => void look(), close: () => closed.abort() };
}

type Reply =
  | { readonly kind: "answer"; readonly answer: GateAnswer }
  | { readonly kind: "fault"; readonly code: FaultCode; readonly message: string };

async function toReply(answer: Answer, body: Uint8Array, signal: AbortSignal): Promise<Reply> {
  try {
    const letter = JSON.parse(Buffer.from(body).toString()) as Letter;
    return { kind: "answer", answer: await answer(letter, signal) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { kind: "fault", code: error.code, message: error.message };
  }
}

function fromReply(bytes: Uint8Array): GateAnswer {
  const reply: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (!isObject(reply)) throw new Error("a reply that is none");
  const read = reply as unknown as Reply;
  if (read.kind === "answer") return read.answer;
  const isKnown = Object.hasOwn(faults, read.code);
  throw new Fault(isKnown ? read.code : "internal", read.message);
}
