import { isObject, type AnswerMessage, type NotificationMessage } from "../../mcp/read-message.ts";
import { Fault } from "../../model/index.ts";
import type { GateAnswer } from "../../ports/gate.ts";
import type { HeardLetter } from "../../ports/mailbox.ts";
import type { AskAnswer } from "../../ports/upstream.ts";
import type { FaceOptions } from "./arrival.ts";
import type { Session, Sessions } from "./sessions.ts";

const channel = "sessions";

/**
 * What a session's client says wherever its request lands, brought to where it belongs: its answers by
 * letter to the replica that asked; its cancellations and its end to every replica, as hints, which is
 * all that the protocol makes of them.
 */
export function createSessionRelay(
  { owner, mailbox, bus, telemetry }: FaceOptions,
  sessions: Sessions,
) {
  const subscribed = bus.subscribe(channel, onHint);
  subscribed.catch((fault) => telemetry.log("error", "hints of sessions do not arrive", { fault }));

  function onHint(payload: string | null): void {
    const hint = payload === null ? null : readHint(payload);
    const session = hint === null ? null : sessions.ofMark(hint.session);
    if (hint === null || session === null) return;
    if (hint.kind === "ended") sessions.end(session);
    else cancel(session, hint.request);
  }

  function tell(hint: Hint): void {
    bus.publish(channel, JSON.stringify(hint)).catch((fault) => {
      telemetry.log("warn", "a hint of a session was not sent", { fault });
    });
  }

  return {
    async answer(session: Session, { id, answer }: AnswerMessage, signal: AbortSignal) {
      const asked = String(id);
      if (give(session, asked, answer)) return;
      const [, of] = askId.exec(asked) ?? [];
      if (of === undefined || of === owner) return;
      const letter = { kind: "heard", owner: of, session: session.id, asked, answer } as const;
      try {
        await mailbox.send(letter, signal);
      } catch (error) {
        // Whoever asked is gone, and the call that waited with it: there is nobody to be told.
        if (!(error instanceof Fault && error.code === "parked_lost")) throw error;
      }
    },
    notify(session: Session, { method, params }: NotificationMessage): void {
      if (method !== "notifications/cancelled") return;
      const { requestId } = params;
      if (typeof requestId !== "string" && typeof requestId !== "number") return;
      const request = JSON.stringify(requestId);
      if (!cancel(session, request)) tell({ kind: "cancelled", session: session.mark, request });
    },
    end(session: Session): void {
      sessions.end(session);
      tell({ kind: "ended", session: session.mark });
    },
    /** A letter to this replica. */
    hear({ session: id, asked, answer }: HeardLetter): GateAnswer {
      const session = sessions.ofId(id);
      if (session !== null) give(session, asked, answer);
      return { kind: "result", text: "{}", isError: false };
    },
    close(): void {
      subscribed.then((stop) => stop()).catch(() => undefined);
    },
  };
}

const separator = ".";
/** What a client made up names nobody, and is sent to nobody. */
const askId = /^([0-9a-f-]{36})\.\d{1,15}$/;

/** Names the replica that asks, so that the answer finds it. */
export function toAskId(owner: string, number: number): string {
  return `${owner}${separator}${number}`;
}

function give({ live }: Session, asked: string, answer: AskAnswer): boolean {
  const take = live.asked.get(asked);
  take?.(answer);
  return take !== undefined;
}

function cancel({ live }: Session, request: string): boolean {
  const call = live.calls.get(request);
  call?.abort(new Fault("request_invalid", "The client cancelled the call."));
  return call !== undefined;
}

type Hint =
  | { readonly kind: "cancelled"; readonly session: string; readonly request: string }
  | { readonly kind: "ended"; readonly session: string };

function readHint(payload: string): Hint | null {
  try {
    const read: unknown = JSON.parse(payload);
    return isObject(read) ? (read as unknown as Hint) : null;
  } catch {
    return null;
  }
}
