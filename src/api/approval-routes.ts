import { z } from "zod";
import { approvalStates } from "../model/approval-states.ts";
import { approvalSchemas as schemas } from "./approval-schemas.ts";
import type { Contract } from "./contract.ts";

const readers = ["approver", "admin", "operator", "auditor"] as const;
const approver = ["approver"] as const;
const json = ["application/json"] as const;
const id = z.object({ id: z.string().max(64) });
const states = Object.keys(approvalStates.moves) as [keyof typeof approvalStates.moves];

export const approvalRoutes = {
  listApprovals: {
    method: "GET",
    path: "/v1/approvals",
    summary: "Calls that wait for a person, or did.",
    access: readers,
    query: z.object({
      state: z.enum(states).optional(),
      limit: z.coerce.number().int().min(1).max(200).prefault(50),
      seen: z.string().max(100).optional().describe("Answers once something is new after this."),
      wait: z.coerce.number().min(0).max(30).prefault(0).describe("For so many seconds at most."),
    }),
    answers: {
      200: {
        description: "Pending ones by age, others the latest first.",
        schema: schemas.Approvals,
      },
    },
  },
  getApproval: {
    method: "GET",
    path: "/v1/approvals/{id}",
    summary: "One of them, with exactly what would be done.",
    access: readers,
    params: id,
    answers: { 200: { description: "It.", schema: schemas.Approval } },
  },
  signApproval: {
    method: "POST",
    path: "/v1/approvals/{id}/signing",
    summary: "What the approver's passkey is given to sign: the digest of the intent.",
    access: approver,
    reserved: true,
    params: id,
    consumes: json,
    answers: { 200: { description: "For the browser.", schema: schemas.ApprovalSigning } },
    faults: ["passkey_refused"],
  },
  decideApproval: {
    method: "POST",
    path: "/v1/approvals/{id}/decision",
    summary: "Agrees to a call or denies it, as the holder of the key.",
    access: approver,
    reserved: true,
    params: id,
    consumes: json,
    answers: { 200: { description: "How it stands now.", schema: schemas.ApprovalDecided } },
    faults: [
      "approval_decided",
      "approval_expired",
      "approval_changed",
      "passkey_required",
      "passkey_refused",
    ],
  },
  listCalls: {
    method: "GET",
    path: "/v1/calls",
    summary: "Calls of which nobody knows how they ended.",
    access: ["admin", "operator", "auditor"],
    query: z.object({ after: z.string().max(64).optional() }),
    answers: { 200: { description: "The oldest first.", schema: schemas.Calls } },
  },
  resolveCall: {
    method: "POST",
    path: "/v1/calls/{id}/resolution",
    summary: "Says what was found out about such a call, as a further entry of the ledger.",
    access: ["admin", "operator"],
    params: id,
    consumes: json,
    answers: { 200: { description: "It is resolved.", schema: schemas.CallResolved } },
    faults: ["call_settled"],
  },
  erasePersonal: {
    method: "POST",
    path: "/v1/privacy/erase",
    summary:
      "Takes away what could say who somebody was or what they asked for. Proofs stay valid.",
    access: ["admin"],
    consumes: json,
    answers: { 200: { description: "What was erased.", schema: schemas.PrivacyErased } },
  },
} as const satisfies Contract;
