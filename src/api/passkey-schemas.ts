import { z } from "zod";

const passkey = z.object({
  id: z.string().describe("As its authenticator named it, in base64url."),
  approver: z.string(),
  algorithm: z.enum(["ES256", "EdDSA", "RS256"]),
  addedAt: z.iso.datetime(),
  addedBy: z.string().describe("The admin who invited, or the approver, by a passkey of theirs."),
  usedAt: z.iso.datetime().nullable(),
});

const ticket = z.string().describe("Goes back with what the browser makes.");
const origin = z.url().describe("Where the browser has to be.");
const asked = z.record(z.string(), z.unknown());

export const passkeySchemas = {
  Passkey: passkey,
  Passkeys: z.object({
    passkeys: z.array(passkey),
    next: z.string().nullable().describe("What to ask for as `after`; null on the last page."),
  }),
  PasskeyInvitation: z.object({
    approver: z.string(),
    code: z.string().describe("Good once, and not shown again."),
    expiresAt: z.iso.datetime(),
    url: z.url().describe("The page where it is used."),
  }),
  PasskeyRegistration: z.object({
    ticket,
    origin,
    create: asked.describe("For `navigator.credentials.create`, as JSON of WebAuthn."),
    confirm: asked
      .nullable()
      .describe("For `navigator.credentials.get` before it; null with an invitation."),
    expiresAt: z.iso.datetime(),
  }),
  PasskeyRemoval: z.object({
    ticket,
    origin,
    confirm: asked.describe("For `navigator.credentials.get`, as JSON of WebAuthn."),
    expiresAt: z.iso.datetime(),
  }),
  PasskeyRemoved: z.object({ id: z.string() }),
} as const;
