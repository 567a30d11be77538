import { z } from "zod";
import { approvalRoutes } from "./approval-routes.ts";
import { bundleRoutes } from "./bundle-routes.ts";
import type { Contract } from "./contract.ts";
import { chatRoutes } from "./chat/chat-routes.ts";
import { costRoutes } from "./cost-routes.ts";
import { credentialRoutes } from "./credential-routes.ts";
import { ledgerRoutes } from "./ledger-routes.ts";
import { sandboxRoutes } from "./sandbox-routes.ts";
import { modelRoutes } from "./model-routes.ts";
import { passkeyRoutes } from "./passkey-routes.ts";
import { policyRoutes } from "./policy-routes.ts";
import { runRoutes } from "./run-routes.ts";
import { schemas } from "./schemas.ts";
import { tokenRoutes } from "./token-route.ts";

const everyone = ["admin", "approver", "viewer", "operator", "auditor"] as const;
const anybody = [...everyone, "caller"] as const;
const readers = ["admin", "viewer", "operator", "auditor"] as const;
const operators = ["admin", "operator"] as const;
const admin = ["admin"] as const;
const json = ["application/json"] as const;
const yaml = ["application/yaml", "text/yaml", "application/x-yaml"] as const;

/** Every route there is. */
export const routes = {
  getHealth: {
    method: "GET",
    path: "/health",
    summary: "Whether the process lives. Says nothing about what it depends on.",
    access: "open",
    vital: true,
    answers: { 200: { description: "It does.", schema: schemas.Health } },
  },
  getReady: {
    method: "GET",
    path: "/ready",
    summary: "Whether requests may be sent here, and what is missing if not.",
    access: "open",
    vital: true,
    answers: {
      200: { description: "Ready.", schema: schemas.Readiness },
      503: { description: "Not ready; the checks say why.", schema: schemas.Readiness },
    },
  },
  getMetrics: {
    method: "GET",
    path: "/metrics",
    summary: "Metrics in the text format of Prometheus.",
    access: everyone,
    vital: true,
    answers: { 200: { description: "Metrics.", schema: z.string(), produces: "text/plain" } },
  },
  getOpenapi: {
    method: "GET",
    path: "/openapi.json",
    summary: "This contract.",
    access: everyone,
    answers: { 200: { description: "OpenAPI 3.1.", schema: z.record(z.string(), z.unknown()) } },
  },
  getVersion: {
    method: "GET",
    path: "/v1/version",
    summary: "What is running.",
    access: everyone,
    answers: { 200: { description: "Version and revision.", schema: schemas.Version } },
  },
  getHolder: {
    method: "GET",
    path: "/v1/holder",
    summary: "Who the key or token that asks belongs to, and what it may be used for.",
    access: anybody,
    answers: { 200: { description: "Its holder.", schema: schemas.Holder } },
  },
  getConfig: {
    method: "GET",
    path: "/v1/config",
    summary: "The revision that is serving.",
    access: readers,
    answers: {
      200: {
        description: "The revision; its digest is the ETag.",
        schema: schemas.Revision,
        etag: true,
      },
    },
  },
  planConfig: {
    method: "POST",
    path: "/v1/config/plan",
    summary: "What a document would change. Changes nothing.",
    access: admin,
    consumes: yaml,
    answers: { 200: { description: "The changes.", schema: schemas.ConfigPlan } },
    faults: ["config_invalid"],
  },
  applyConfig: {
    method: "PUT",
    path: "/v1/config",
    summary: "Makes the document the new revision, if the named one is still serving.",
    access: admin,
    headers: z.object({
      "if-match": z.string().describe("ETag of the revision that the document was planned on."),
    }),
    consumes: yaml,
    answers: {
      200: { description: "It is serving.", schema: schemas.ConfigApplied, etag: true },
    },
    faults: ["config_invalid", "config_stale", "config_unstartable", "precondition_required"],
  },
  listServers: {
    method: "GET",
    path: "/v1/servers",
    summary: "Registered servers and how they are.",
    access: readers,
    answers: { 200: { description: "By name.", schema: schemas.Servers } },
  },
  getServer: {
    method: "GET",
    path: "/v1/servers/{name}",
    summary: "One server with its tools, and how this replica finds it.",
    access: readers,
    params: z.object({ name: z.string().max(64) }),
    answers: { 200: { description: "How it is.", schema: schemas.ServerFacts } },
  },
  refreshServer: {
    method: "POST",
    path: "/v1/servers/{name}/refresh",
    summary: "Lists a server again now, and says how it is.",
    access: operators,
    params: z.object({ name: z.string() }),
    answers: { 200: { description: "How it is.", schema: schemas.Server } },
  },
  listTools: {
    method: "GET",
    path: "/v1/tools",
    summary: "Tools as they are offered on /mcp.",
    access: readers,
    answers: { 200: { description: "By name.", schema: schemas.Tools } },
  },
  getToolDefinition: {
    method: "GET",
    path: "/v1/tools/{name}/definition",
    summary: "What a tool takes and says of itself, as clients are shown it.",
    access: readers,
    params: z.object({ name: z.string().max(256) }),
    answers: { 200: { description: "Its definition.", schema: schemas.ToolDefinition } },
  },
  listDrift: {
    method: "GET",
    path: "/v1/drift",
    summary: "Where servers define something else than what was accepted.",
    access: readers,
    answers: { 200: { description: "Worst first.", schema: schemas.Drifts } },
  },
  acceptDrift: {
    method: "POST",
    path: "/v1/drift/accept",
    summary: "Accepts what is observed of a tool as its new pin.",
    access: operators,
    consumes: json,
    answers: { 200: { description: "It is pinned.", schema: schemas.DriftAccepted } },
    faults: ["drift_stale"],
  },
  lintTools: {
    method: "GET",
    path: "/v1/tools/lint",
    summary: "What makes tools hard to use for a model.",
    access: readers,
    answers: { 200: { description: "Findings.", schema: schemas.Lint } },
  },
  callTool: {
    method: "POST",
    path: "/v1/tools/call",
    summary: "Calls a tool through the gate, as the holder of the key.",
    access: ["admin", "caller"],
    headers: z.object({
      "idempotency-key": z
        .string()
        .optional()
        .describe("The caller's name for this call: however often it is sent, it is made once."),
    }),
    consumes: json,
    answers: { 200: { description: "What became of it.", schema: schemas.Called } },
    faults: ["key_reused", "key_in_use", "approvals_full"],
  },
  listFreezes: {
    method: "GET",
    path: "/v1/freezes",
    summary: "What is frozen and what was, by whom and why.",
    access: readers,
    answers: { 200: { description: "The latest ones.", schema: schemas.Freezes } },
  },
  freeze: {
    method: "POST",
    path: "/v1/freezes",
    summary: "Stops an agent, a tool, a server, the tenant or everything, on every replica.",
    access: operators,
    reserved: true,
    consumes: json,
    answers: { 200: { description: "It is stopped.", schema: schemas.FreezeChange } },
  },
  unfreeze: {
    method: "POST",
    path: "/v1/freezes/lift",
    summary: "Lifts a freeze.",
    access: operators,
    reserved: true,
    consumes: json,
    answers: { 200: { description: "It is lifted.", schema: schemas.FreezeChange } },
  },
  listSecrets: {
    method: "GET",
    path: "/v1/secrets",
    summary: "Stored secrets, without their values.",
    access: admin,
    query: z.object({ after: z.string().max(2_048).optional() }),
    answers: { 200: { description: "A page, by name.", schema: schemas.Secrets } },
  },
  setSecret: {
    method: "PUT",
    path: "/v1/secrets/{name}",
    summary:
      "Stores a value under a name, in the place of the one before. It is never shown again.",
    access: admin,
    params: z.object({ name: z.string().max(128) }),
    consumes: json,
    answers: { 200: { description: "It is stored.", schema: schemas.Secret } },
    faults: ["payload_invalid", "payload_too_large"],
  },
  removeSecret: {
    method: "DELETE",
    path: "/v1/secrets/{name}",
    summary: "Removes a stored secret.",
    access: admin,
    params: z.object({ name: z.string().max(512) }),
    query: z.object({
      subject: z.string().max(512).optional().describe("Whose; the one for all when absent."),
    }),
    answers: { 200: { description: "It is gone.", schema: schemas.SecretRemoved } },
  },
  ...approvalRoutes,
  ...credentialRoutes,
  ...tokenRoutes,
  ...policyRoutes,
  ...passkeyRoutes,
  ...ledgerRoutes,
  ...modelRoutes,
  ...chatRoutes,
  ...runRoutes,
  ...costRoutes,
  ...bundleRoutes,
  ...sandboxRoutes,
} as const satisfies Contract;
