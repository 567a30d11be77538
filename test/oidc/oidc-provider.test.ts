import { expect, test } from "vitest";
import { createDialer } from "../../src/adapters/dialer/dialer.ts";
import { createOidcVerifier } from "../../src/adapters/oidc/oidc-verifier.ts";
import { systemClock } from "../../src/adapters/system/system-clock.ts";
import { createInMemoryTelemetry } from "../../src/ports/in-memory-telemetry.ts";
import { audience, tenant, toIssuer } from "./fixture-issuer.ts";
import {
  askForClient,
  askForUser,
  publicClient,
  reportClient,
  startProvider,
  type RealProvider,
} from "./start-provider.ts";

const elsewhere = "https://crm.example/api";

function createVerifier({ issuer }: RealProvider, audiences: readonly string[] = [audience]) {
  return createOidcVerifier({
    issuers: [toIssuer({ url: issuer }, { audiences, requiredScopes: ["calls"] })],
    dialer: createDialer(),
    clock: systemClock,
    telemetry: createInMemoryTelemetry(),
  });
}

test("a client's own token of a real provider proves a service", async () => {
  const provider = await startProvider([audience, elsewhere]);
  const verifier = createVerifier(provider);
  const token = await askForClient(provider, audience);
  const verdict = await verifier.verify(token);
  expect(verdict).toMatchObject({
    kind: "proven",
    principal: {
      tenant,
      kind: "service",
      subject: `${provider.issuer}#${reportClient.id}`,
      actor: null,
    },
    scopes: ["calls"],
    audiences: [audience],
    id: expect.any(String),
  });
  expect(verifier.recall(token)).toBe(verdict);

  const other = await askForClient(provider, elsewhere);
  expect(await verifier.verify(other)).toMatchObject({ kind: "refused", why: "audience" });
});

test("a user's access token of a real provider proves the user, and the ID token beside it nothing", async () => {
  const provider = await startProvider([audience]);
  const { accessToken, idToken } = await askForUser(provider, audience, "alice");
  const verifier = createVerifier(provider);
  expect(await verifier.verify(accessToken)).toMatchObject({
    kind: "proven",
    principal: { kind: "user", subject: `${provider.issuer}#alice`, actor: null },
    audiences: [audience],
  });
  expect(await verifier.verify(idToken)).toMatchObject({ kind: "refused", why: "claims" });
  // Even where somebody took the client's id for a resource of ours.
  const confused = createVerifier(provider, [publicClient.id]);
  expect(await confused.verify(idToken)).toMatchObject({
    kind: "refused",
    why: "claims",
    message: expect.stringContaining("ID token"),
  });
});
