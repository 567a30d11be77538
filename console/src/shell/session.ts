import { createClient, type Client } from "../../../src/client/client.ts";
import { createSend, type SendOptions } from "../../../src/client/send.ts";
import { createSignal } from "../ui/signal.ts";
import { watchedFetch } from "./connection.ts";

/** Who is signed in. The key lives in this page's memory alone and goes with it. */
export interface Session {
  readonly client: Client;
  /** Another way to ask, with the same key: only pages that follow something load what reads streams. */
  readonly connect: <T>(create: (options: SendOptions) => T) => T;
  readonly holder: Holder;
}

/** What the server says of the key: who it is, and which roles it has. */
export type Holder = Awaited<ReturnType<Client["getHolder"]>>["body"];

/** Null: nobody; `refused` says why whoever was signed in is not any more. */
export interface SessionState {
  readonly session: Session | null;
  readonly refused: string | null;
}

export const sessionState = createSignal<SessionState>({ session: null, refused: null });

/** Throws the Fault with which the server refused the key. */
export async function signIn(key: string): Promise<void> {
  const over = new AbortController();
  const options = {
    url: location.origin,
    key,
    fetch: (target: URL, init: RequestInit) => watchedFetch(target, init, over.signal),
  };
  const client = createClient(createSend(options));
  const { body: holder } = await client.getHolder();
  const session: Session = { client, connect: (create) => create(options), holder };
  sessionState.set({ session, refused: null });
  const stop = sessionState.subscribe(() => {
    stop();
    over.abort();
  });
}

export function signOut(refused: string | null = null): void {
  sessionState.set({ session: null, refused });
}
