import type { SandboxStamp } from "../model/sandbox.ts";

/** One stream of messages to and from a server: a program's standard streams, or HTTP+SSE. */
export interface Channel {
  /**
   * Throws a Fault when nothing can be written any more, and what `beforeWrite` throws where it is asked
   * at once. A promise settles when the server has taken the message; it never rejects.
   */
  write(message: string, sent?: Sent): void | Promise<void>;
  /** At once, for a server that breaks the rules. */
  kill(reason: string): void;
  close(): Promise<void>;
  /** Where the server runs, as it stands now; null: it is no program of ours. */
  readonly sandbox: (() => SandboxStamp) | null;
}

/** The call that a message is of: a message that has to wait is not written once its call has ended. */
export interface Sent {
  readonly signal: AbortSignal;
  /** Called synchronously before the first byte is written; what it throws ends the message unsent (I4). */
  readonly beforeWrite: () => void;
  /** Nothing of it was written, or the server has refused it unread. */
  readonly onUnsent: (error: Error) => void;
  /** Whether its answer is still waited for. */
  readonly isUnderWay: () => boolean;
}
