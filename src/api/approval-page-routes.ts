import { z } from "zod";
import { createApprovalPage } from "./approval-page.ts";
import type { Answers, Contract } from "./contract.ts";
import { toPageAnswer, type Page } from "./to-page.ts";

const page = {
  access: "open",
  answers: { 200: { description: "The page.", schema: z.string(), produces: "text/html" } },
} as const;

/** Where a person decides. The page is the same for everybody: what it shows it asks for with a key. */
export const approvalPageRoutes = {
  getApprovalsPage: {
    method: "GET",
    path: "/approvals",
    summary: "Where a person sees what waits for a decision.",
    ...page,
  },
  getApprovalPage: {
    method: "GET",
    path: "/approvals/{id}",
    summary: "Where a person decides on one of them.",
    params: z.object({ id: z.string().max(64) }),
    ...page,
  },
} as const satisfies Contract;

/** Made once a process, when it is first asked for: a checkout has to strip its types first. */
let made: Page | null = null;

export function createApprovalPageAnswers(): Answers<typeof approvalPageRoutes> {
  const toAnswer = () => toPageAnswer((made ??= createApprovalPage()));
  return { getApprovalsPage: toAnswer, getApprovalPage: toAnswer };
}
