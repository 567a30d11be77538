import { createReadStream, type ReadStream } from "../../../src/client/read-stream.ts";
import { createClient, type Client } from "../../../src/client/client.ts";
import { createSend } from "../../../src/client/send.ts";
import { createSignal } from "../ui/signal.ts";
import { watchedFetch } from "./connection.ts";

/** Who is signed in. The key lives in this page's memory alone and goes with it. */
export interface Session {
  readonly client: Client;
  readonly readStream: ReadStream;
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
  const options = { url: location.origin, key, fetch: watchedFetch };
  const client = createClient(createSend(options));
  const { body: holder } = await client.getHolder();
  const session = { client, readStream: createReadStream(options), holder };
  sessionState.set({ session, refused: null });
}

export function signOut(refused: string | null = null): void {
  sessionState.set({ session: null, refused });
}
