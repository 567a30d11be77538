import { z } from "zod";
import { digestSchema } from "./digest.ts";
import { tenantIdSchema } from "./id.ts";

// Names are joined by line breaks into keys, and shown to people: none holds a control character.
const nameSchema = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\P{Cc}+$/u);

/** Who acts, proven. An agent acts on behalf of its subject and never has more rights than that. */
export const principalSchema = z
  .strictObject({
    tenant: tenantIdSchema,
    kind: z.enum(["user", "service"]),
    subject: nameSchema,
    /** The agent that acts for the subject, with the bundle it runs. */
    actor: z.strictObject({ agent: nameSchema, bundle: digestSchema }).readonly().nullable(),
  })
  .readonly();
export type Principal = z.infer<typeof principalSchema>;

/** Names the subject, and nobody else: for what is counted or kept by caller. */
export function toSubjectKey({ tenant, kind, subject }: Principal): string {
  return `${tenant}\n${kind}\n${subject}`;
}

/** Names the subject and who acts for it: two principals that differ have two. */
export function toPrincipalKey(principal: Principal): string {
  const { actor } = principal;
  return actor === null
    ? toSubjectKey(principal)
    : `${toSubjectKey(principal)}\n${actor.bundle}\n${actor.agent}`;
}
