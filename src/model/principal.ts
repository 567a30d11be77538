import { z } from "zod";
import { digestSchema } from "./digest.ts";
import { tenantIdSchema } from "./id.ts";

const nameSchema = z.string().min(1).max(256);

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
