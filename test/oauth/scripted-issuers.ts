import type {
  ClientProof,
  Granted,
  IssuerPlace,
  RevokedToken,
  TokenGrant,
  TokenIssuers,
} from "../../src/ports/credentials.ts";
import { SecretValue } from "../../src/ports/secrets.ts";

/** A twin of the port that answers as it is told and remembers what it was asked. */
export interface ScriptedIssuers extends TokenIssuers {
  readonly grants: TokenGrant[];
  readonly clients: ClientProof[];
  readonly revoked: RevokedToken[];
  answer: (grant: TokenGrant, at: IssuerPlace) => Promise<Granted>;
}

export function createScriptedIssuers(): ScriptedIssuers {
  let issued = 0;
  const scripted: ScriptedIssuers = {
    grants: [],
    clients: [],
    revoked: [],
    async answer(grant) {
      issued += 1;
      return toToken({
        access: `access-${issued}`,
        refresh: grant.kind === "code" || grant.kind === "refresh" ? `refresh-${issued}` : null,
        expiresInS: 3_600,
      });
    },
    authorize: async (at, client, { state, challenge }) => ({
      kind: "url",
      url: `${at.issuer}/authorize?state=${state}&code_challenge=${challenge}`,
      clientId: client.id ?? "none",
    }),
    grant: async (at, client, grant) => {
      scripted.grants.push(grant);
      scripted.clients.push(client);
      return scripted.answer(grant, at);
    },
    async revoke(_at, _client, token) {
      scripted.revoked.push(token);
      return true;
    },
  };
  return scripted;
}

interface Told {
  readonly access: string;
  readonly refresh: string | null;
  readonly expiresInS: number | null;
}

export function toToken({ access, refresh, expiresInS }: Told): Granted {
  return {
    kind: "token",
    token: {
      access: new SecretValue(access),
      refresh: refresh === null ? null : new SecretValue(refresh),
      expiresInS,
    },
  };
}
