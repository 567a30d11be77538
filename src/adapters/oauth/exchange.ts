import {
  allowInsecureRequests,
  customFetch,
  type AuthorizationServer,
  type Client,
  type ClientAuth,
} from "oauth4webapi";
import type { ClientProof } from "../../ports/credentials.ts";
import { toClientAuth } from "./client-auth.ts";
import type { IssuerFetch } from "./issuer-fetch.ts";

/** What each request of oauth4webapi takes. */
export interface Exchange {
  readonly as: AuthorizationServer;
  readonly client: Client;
  readonly auth: ClientAuth;
  readonly options: ReturnType<typeof toOptions>;
}

interface ExchangeWith {
  readonly metadata: AuthorizationServer;
  readonly fetch: IssuerFetch;
  readonly client: ClientProof;
  readonly clientId: string;
}

export async function toExchange(given: ExchangeWith): Promise<Exchange> {
  return {
    as: given.metadata,
    client: { client_id: given.clientId },
    auth: await toClientAuth(given.client, given.clientId),
    options: toOptions(given.fetch),
  };
}

/** Plaintext is judged by what fetches, which knows what configuration allows. */
export function toOptions(fetch: IssuerFetch) {
  // oxlint-disable-next-line typescript/no-deprecated -- marked so as a warning to whoever types it
  return { [customFetch]: fetch, [allowInsecureRequests]: true };
}
