import { hash } from "node:crypto";
import { isObject } from "../../mcp/read-message.ts";
import { Fault, toPrincipalKey } from "../../model/index.ts";
import type { ClientCapabilities } from "../../model/protocol.ts";
import type { Clock } from "../../ports/clock.ts";
import type { AskAnswer } from "../../ports/upstream.ts";
import type { Sealer } from "../../ports/sealer.ts";
import type { Answering } from "./answering.ts";
import type { Asker } from "./arrival.ts";
import type { LegacyVersion } from "../../mcp/protocol.ts";

/**
 * A legacy client's session. What it must remember is sealed in its id, so any replica takes it up;
 * what hangs on open connections lives here and is made anew elsewhere.
 */
export interface Session {
  readonly id: string;
  /** Names it to other replicas; does not open it. */
  readonly mark: string;
  readonly version: LegacyVersion;
  readonly capabilities: ClientCapabilities;
  readonly live: LiveSession;
}

export interface LiveSession {
  /** Requests of this client under way here, by their id as text. */
  readonly calls: Map<string, AbortController>;
  /** What we asked the client, by our id. */
  readonly asked: Map<string, (answer: AskAnswer) => void>;
  readonly subscribed: Set<string>;
  /** Its standing stream, if it opened one here. */
  stream: Answering | null;
  closeWatch: (() => void) | null;
  logLevel: string;
  nextAsk: number;
  usedMs: number;
}

export interface Sessions {
  create(
    asker: Asker,
    opened: { readonly version: LegacyVersion; readonly capabilities: ClientCapabilities },
  ): Session;
  /** Throws `not_found` for a session that is not this caller's, not of this toolset, or ended. */
  find(asker: Asker, id: string): Session;
  /** With something live at this replica; null otherwise. */
  ofId(id: string): Session | null;
  ofMark(mark: string): Session | null;
  end(session: Session): void;
  close(): void;
}

/** Sessions with something live at this replica; the one that was idle longest goes first. */
const maxLive = 10_000;
const maxIdLength = 4_096;
/** A client that comes back after this begins anew. */
const lifeMs = 7 * 24 * 3_600_000;

export function createSessions(sealer: Sealer, clock: Clock): Sessions {
  const live = new Map<
    string,
    { readonly session: Session; readonly of: string; readonly expiresAtMs: number }
  >();
  const marks = new Map<string, string>();
  /** Marks of ended sessions whose sealed id would still open. */
  const ended = new Set<string>();

  function hold(id: string, sealed: Sealed): Session {
    const { version, capabilities, of, expiresAtMs } = sealed;
    const mark = toMark(id);
    const session: Session = { id, mark, version, capabilities, live: createLive(clock) };
    if (live.size >= maxLive) marks.delete(evict(live).mark);
    live.set(id, { session, of, expiresAtMs });
    marks.set(mark, id);
    return session;
  }

  return {
    create(asker, { version, capabilities }) {
      const sealed: Sealed = {
        of: toOf(asker),
        version,
        capabilities,
        expiresAtMs: clock.nowMs() + lifeMs,
      };
      return hold(sealer.seal("session", JSON.stringify(sealed)), sealed);
    },
    find(asker, id) {
      const known = live.get(id);
      const sealed =
        known ?? (id.length > maxIdLength || ended.has(toMark(id)) ? null : read(sealer, id));
      if (sealed === null || sealed.of !== toOf(asker) || sealed.expiresAtMs <= clock.nowMs()) {
        throw new Fault("not_found", "There is no such session. Initialize a new one.");
      }
      const session = known?.session ?? hold(id, sealed as Sealed);
      session.live.usedMs = clock.monotonicMs();
      return session;
    },
    ofId: (id) => live.get(id)?.session ?? null,
    ofMark: (mark) => live.get(marks.get(mark) ?? "")?.session ?? null,
    end({ id, mark, live: each }) {
      live.delete(id);
      marks.delete(mark);
      if (ended.size >= maxLive) ended.delete(ended.values().next().value!);
      ended.add(mark);
      endLive(each);
    },
    close() {
      for (const { session } of live.values()) endLive(session.live);
      live.clear();
      marks.clear();
    },
  };
}

interface Sealed {
  readonly of: string;
  readonly version: LegacyVersion;
  readonly capabilities: ClientCapabilities;
  readonly expiresAtMs: number;
}

/** A session is one caller's, for one toolset: nobody else's key opens it. */
function toOf({ principal, toolset }: Asker): string {
  return hash("sha256", JSON.stringify([toPrincipalKey(principal), toolset]), "base64url");
}

function read(sealer: Sealer, id: string): Sealed | null {
  const text = sealer.unseal("session", id);
  const value: unknown = text === null ? null : JSON.parse(text);
  return isObject(value) ? (value as unknown as Sealed) : null;
}

function createLive(clock: Clock): LiveSession {
  return {
    calls: new Map(),
    asked: new Map(),
    subscribed: new Set(),
    stream: null,
    closeWatch: null,
    logLevel: "debug",
    nextAsk: 1,
    usedMs: clock.monotonicMs(),
  };
}

function endLive({ calls, asked, stream, closeWatch }: LiveSession): void {
  for (const call of calls.values()) call.abort(new Fault("request_invalid", "The session ended."));
  for (const answer of asked.values()) {
    answer({ kind: "error", error: { code: -32_603, message: "The session ended." } });
  }
  closeWatch?.();
  stream?.end(null);
}

function toMark(id: string): string {
  return hash("sha256", id, "base64url");
}

function evict(live: Map<string, { readonly session: Session }>): Session {
  for (const [id, { session }] of live) {
    const { calls, stream } = session.live;
    if (calls.size > 0 || stream !== null) continue;
    session.live.closeWatch?.();
    live.delete(id);
    return session;
  }
  throw new Fault("overloaded", "Too many sessions are busy at once.");
}
