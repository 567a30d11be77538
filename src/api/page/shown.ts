import type { z } from "zod";
import type { Json } from "../../lib/strict-json.ts";
import type { approvalSchemas } from "../approval-schemas.ts";

type Approval = z.infer<typeof approvalSchemas.Approval>;
type LastApproved = NonNullable<Approval["lastApproved"]>;

/** An approval as the API shows it to whoever decides. */
export interface Shown extends Readonly<Omit<Approval, "url" | "args" | "lastApproved">> {
  readonly args: Json;
  readonly lastApproved: (Readonly<Omit<LastApproved, "args">> & { readonly args: Json }) | null;
}

export type ShownApprover = Shown["approvers"][number];
export type ShownVerdict = Shown["verdicts"][number];

export interface ShownPage {
  readonly approvals: readonly Shown[];
  readonly seen: string;
}
