import { z } from "zod";
import { parseStrictJson } from "../../lib/strict-json.ts";

/** One text for the same bytes: what is signed and kept has no second spelling. */
const base64url = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .refine((text) => Buffer.from(text, "base64url").toString("base64url") === text);

const id = base64url(1_364);
const common = { id, rawId: id, type: z.literal("public-key") };

/** As `navigator.credentials.get` answers; the bounds are those of `passkeyProofSchema`. */
const assertionSchema = z
  .object({
    ...common,
    response: z.object({
      clientDataJSON: base64url(4_096),
      authenticatorData: base64url(4_096),
      signature: base64url(2_048),
      userHandle: base64url(128).nullish(),
    }),
  })
  .refine((answer) => answer.id === answer.rawId);
export type Assertion = z.output<typeof assertionSchema>;

/** As `navigator.credentials.create` answers. */
const attestationSchema = z
  .object({
    ...common,
    response: z.object({
      clientDataJSON: base64url(4_096),
      attestationObject: base64url(8_192),
      transports: z.array(z.string().min(1).max(32)).max(8).nullish(),
    }),
  })
  .refine((answer) => answer.id === answer.rawId);
export type Attestation = z.output<typeof attestationSchema>;

const clientSchema = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().optional(),
});
export type ClientAnswer = z.output<typeof clientSchema>;

export function readAssertion(answer: unknown): Assertion | null {
  return assertionSchema.safeParse(answer).data ?? null;
}

export function readAttestation(answer: unknown): Attestation | null {
  return attestationSchema.safeParse(answer).data ?? null;
}

/** What the browser says it was asked, and where. Strictly: nobody may read another challenge in it. */
export function readClient(clientDataJSON: string): ClientAnswer | null {
  const read = parseStrictJson(Buffer.from(clientDataJSON, "base64url"));
  return read.kind === "refused" ? null : (clientSchema.safeParse(read.value).data ?? null);
}
