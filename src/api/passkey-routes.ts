import { z } from "zod";
import type { Contract } from "./contract.ts";
import { passkeySchemas } from "./passkey-schemas.ts";

const admin = ["admin"] as const;
const approver = ["approver"] as const;
const both = ["admin", "approver"] as const;
const json = ["application/json"] as const;
const faults = ["passkey_refused"] as const;

/** A whole answer of an authenticator, with a key of RSA, is a third of it. */
const ceremonyBytes = 32_768;

/** Passkeys of approvers, and the page where they are added. */
export const passkeyRoutes = {
  getPasskeysPage: {
    method: "GET",
    path: "/passkeys",
    summary: "Where an approver adds a passkey.",
    access: "open",
    answers: { 200: { description: "The page.", schema: z.string(), produces: "text/html" } },
  },
  invitePasskey: {
    method: "POST",
    path: "/v1/passkeys/invitations",
    summary: "A code with which an approver adds one passkey, within 15 minutes.",
    access: admin,
    consumes: json,
    bodyBytes: 4_096,
    answers: { 200: { description: "It.", schema: passkeySchemas.PasskeyInvitation } },
    faults,
  },
  beginPasskey: {
    method: "POST",
    path: "/v1/passkeys/registration",
    summary:
      "What a browser is given to make a passkey: with an invitation, or with one's own word.",
    access: approver,
    consumes: json,
    bodyBytes: 4_096,
    answers: { 200: { description: "It.", schema: passkeySchemas.PasskeyRegistration } },
    faults,
  },
  finishPasskey: {
    method: "POST",
    path: "/v1/passkeys",
    summary: "Adds the passkey that a browser made.",
    access: approver,
    consumes: json,
    bodyBytes: ceremonyBytes,
    answers: { 200: { description: "It is added.", schema: passkeySchemas.Passkey } },
    faults,
  },
  listPasskeys: {
    method: "GET",
    path: "/v1/passkeys",
    summary: "One's own passkeys, or everybody's for the admin.",
    access: both,
    query: z.object({ after: z.string().max(2_048).optional() }),
    answers: { 200: { description: "A page.", schema: passkeySchemas.Passkeys } },
  },
  beginPasskeyRemoval: {
    method: "POST",
    path: "/v1/passkeys/removal",
    summary: "What a browser is given to agree that one of one's own passkeys goes.",
    access: approver,
    consumes: json,
    bodyBytes: 4_096,
    answers: { 200: { description: "It.", schema: passkeySchemas.PasskeyRemoval } },
    faults,
  },
  removePasskey: {
    method: "DELETE",
    path: "/v1/passkeys/{id}",
    summary:
      "Removes a passkey: any, for the admin; one's own, with the word of a passkey of one's own.",
    access: both,
    params: z.object({ id: z.string().max(1_364) }),
    consumes: json,
    bodyBytes: ceremonyBytes,
    answers: { 200: { description: "It is gone.", schema: passkeySchemas.PasskeyRemoved } },
    faults,
  },
} as const satisfies Contract;
