import type { Duplex } from "node:stream";
import { untilAborted } from "../../lib/until-aborted.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EgressAttempt, EgressLimits } from "../../ports/egress.ts";
import { FirstBytes, type Take } from "./first-bytes.ts";
import { toKey, type BoundPlace } from "./bound-place.ts";
import type { InstanceAuthority } from "./instance-authority.ts";
import { readSide, type NextBytes } from "./next-bytes.ts";
import type { Place } from "./place.ts";
import { reachPlace, type Resolve } from "./reach.ts";
import { EgressRefusal, toHttpRefusal, toReason } from "./refusal.ts";
import { relay } from "./relay.ts";
import type { Permit } from "./rules.ts";
import type { Hear, Line } from "./line.ts";
import { speakProxy } from "./speak-proxy.ts";
import { beginTls, endTls } from "./tls-ends.ts";

export interface ConnectionParts {
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly permit: Permit;
  readonly private: boolean;
  readonly limits: EgressLimits;
  /** Places with credentials, by their keys. */
  readonly bound: ReadonlyMap<string, BoundPlace>;
  /** Speaks for those; null: there are none. */
  readonly authority: InstanceAuthority | null;
  /** Whose certificates are taken besides those of this machine. */
  readonly trusted: readonly string[];
}

/** How long a program may take to read the last bytes that it was sent. */
const lingerMs = 2_000;

/** One connection of a program, and the one that is made for it. */
export class Connection implements Line {
  socket: Duplex;
  first: FirstBytes;
  readonly permit: Permit;
  readonly seen: Line["seen"];
  toAnswer: Line["toAnswer"] = toHttpRefusal;
  /** What all of it goes through, whatever is spoken in it. */
  readonly #outermost: Duplex;
  readonly #parts: ConnectionParts;
  readonly #cut = new AbortController();
  readonly #beganMs: number;
  #upstream: Duplex | null = null;

  constructor(socket: Duplex, parts: ConnectionParts) {
    this.socket = socket;
    this.#outermost = socket;
    this.first = new FirstBytes(socket, parts.limits.headBytes);
    this.permit = parts.permit;
    this.seen = {
      atMs: parts.clock.nowMs(),
      host: null,
      port: null,
      protocol: null,
      method: null,
      credentials: [],
      verdict: "refused",
      reason: "",
      bytesUp: 0,
      bytesDown: 0,
      ms: 0,
    };
    this.#parts = parts;
    this.#beganMs = parts.clock.monotonicMs();
    // Whoever reads or writes is told, too.
    socket.on("error", () => undefined);
  }

  /** Ends it wherever it is. */
  cut(reason: string): void {
    this.#cut.abort(new EgressRefusal("busy", reason));
  }

  /** Calls `tell` once it is known what came of it, and resolves when the connection is closed. */
  async serve(tell: (attempt: EgressAttempt) => void): Promise<void> {
    const { limits, clock } = this.#parts;
    const ended = new AbortController();
    const late = `it took longer than ${limits.totalMs} ms`;
    clock.sleep(limits.totalMs, ended.signal).then(
      () => this.cut(late),
      () => undefined,
    );
    let answer: Buffer | string = "";
    try {
      this.seen.reason = await untilAborted(speakProxy(this), this.#cut.signal);
    } catch (error) {
      this.seen.reason = toReason(error);
      const isRefused = this.seen.verdict === "refused" && error instanceof EgressRefusal;
      answer = isRefused ? this.toAnswer(error) : "";
    }
    ended.abort();
    this.#upstream?.destroy();
    await this.#tellAndClose(tell, answer);
  }

  /** Answers without a look at what is asked. */
  async refuse(refusal: EgressRefusal, tell: (attempt: EgressAttempt) => void): Promise<void> {
    this.seen.reason = refusal.message;
    await this.#tellAndClose(tell, this.toAnswer(refusal));
  }

  read<T>(take: Take<T>): Promise<T> {
    const late = new EgressRefusal("slow", "what was asked did not come in time");
    return this.#within(this.first.read(take), { ms: this.#parts.limits.headMs, late });
  }

  async reach(place: Place): Promise<void> {
    const { resolve, private: isPrivate, limits } = this.#parts;
    const late = new EgressRefusal("unreachable", `${place.host} did not answer in time`);
    const given = new AbortController();
    const reached = reachPlace(place, { resolve, private: isPrivate, signal: given.signal });
    try {
      this.#upstream = await this.#within(reached, { ms: limits.connectMs, late });
      this.#cut.signal.throwIfAborted();
    } catch (error) {
      given.abort();
      // It may have been reached in the moment in which it was given up.
      reached.then(
        (socket) => socket.destroy(),
        () => undefined,
      );
      throw error;
    }
  }

  findBound(place: Place): BoundPlace | null {
    return this.#parts.bound.get(toKey(place)) ?? null;
  }

  async endTls(host: string): Promise<void> {
    const { limits, authority } = this.#parts;
    const late = new EgressRefusal("slow", "TLS did not begin in time");
    const identity = authority!.identify(host);
    const inside = await this.#within(endTls(this, identity), { ms: limits.headMs, late });
    this.socket = inside;
    this.first = new FirstBytes(inside, limits.headBytes);
  }

  async beginTls(host: string): Promise<void> {
    const { limits, trusted } = this.#parts;
    const late = new EgressRefusal("unreachable", `${host} did not begin TLS in time`);
    const begun = beginTls(this.#upstream!, { host, trusted });
    this.#upstream = await this.#within(begun, { ms: limits.connectMs, late });
  }

  carry(fromClient: NextBytes, hear: Hear = (next) => next): Promise<string> {
    this.seen.verdict = "allowed";
    const { limits, clock } = this.#parts;
    const [client, upstream, count] = [this.socket, this.#upstream!, this.seen];
    const fromUpstream = hear(readSide(upstream));
    return relay({ client, upstream, fromClient, fromUpstream, limits, clock, count });
  }

  async #within<T>(
    work: Promise<T>,
    { ms, late }: { readonly ms: number; readonly late: EgressRefusal },
  ): Promise<T> {
    const done = new AbortController();
    const timer = this.#parts.clock.sleep(ms, done.signal).then(() => Promise.reject(late));
    try {
      return await untilAborted(Promise.race([work, timer]), this.#cut.signal);
    } finally {
      done.abort();
    }
  }

  async #tellAndClose(
    tell: (attempt: EgressAttempt) => void,
    answer: Buffer | string,
  ): Promise<void> {
    this.seen.ms = Math.round(this.#parts.clock.monotonicMs() - this.#beganMs);
    tell({ ...this.seen });
    if (!this.socket.destroyed && !this.#cut.signal.aborted) await this.#linger(answer);
    this.socket.destroy();
    this.#outermost.destroy();
  }

  /** Gives the program time to read the last bytes: a socket that is destroyed at once may lose them. */
  async #linger(answer: Buffer | string): Promise<void> {
    this.socket.end(answer);
    const late = new EgressRefusal("slow", "the program does not close its side");
    // It is closed then in any case.
    await this.#within(this.first.drain(), { ms: lingerMs, late }).catch(() => undefined);
  }
}
