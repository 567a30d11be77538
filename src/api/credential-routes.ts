import { z } from "zod";
import type { Contract } from "./contract.ts";
import { credentialSchemas } from "./credential-schemas.ts";

const persons = ["admin", "caller"] as const;
const json = ["application/json"] as const;
const page = {
  access: "open",
  answers: { 200: { description: "The page.", schema: z.string(), produces: "text/html" } },
} as const;

/** Credentials that people agree to, and the pages where they do. */
export const credentialRoutes = {
  getConnectPage: {
    method: "GET",
    path: "/connect",
    summary: "Where a person shows who they are, before the authorization server asks them.",
    ...page,
  },
  getCallbackPage: {
    method: "GET",
    path: "/connect/callback/{server}",
    summary: "Where the authorization server of one server sends them back to.",
    params: z.object({ server: z.string().max(40) }),
    ...page,
  },
  authorizeConsent: {
    method: "POST",
    path: "/v1/consents/authorize",
    summary: "Where the browser of whoever asked goes to agree.",
    access: persons,
    consumes: json,
    bodyBytes: 4_096,
    answers: { 200: { description: "There.", schema: credentialSchemas.ConsentRedirect } },
    faults: ["consent_refused"],
  },
  finishConsent: {
    method: "POST",
    path: "/v1/consents/finish",
    summary: "Takes what the authorization server sent back, if the same person brings it.",
    access: persons,
    consumes: json,
    bodyBytes: 20_000,
    answers: { 200: { description: "It is granted.", schema: credentialSchemas.ConsentGranted } },
    faults: ["consent_refused"],
  },
  listCredentials: {
    method: "GET",
    path: "/v1/credentials",
    summary: "What was granted: one's own, or everybody's for the admin. No tokens.",
    access: persons,
    query: z.object({ after: z.string().max(2_048).optional() }),
    answers: { 200: { description: "A page, by server.", schema: credentialSchemas.Credentials } },
  },
  revokeCredential: {
    method: "DELETE",
    path: "/v1/credentials/{server}",
    summary: "Removes a grant here, and revokes it at the authorization server if that answers.",
    access: persons,
    params: z.object({ server: z.string().max(40) }),
    query: z.object({
      subject: z.string().max(512).optional().describe("Whose; one's own when absent."),
    }),
    answers: {
      200: { description: "What was done.", schema: credentialSchemas.CredentialRevoked },
    },
  },
} as const satisfies Contract;
