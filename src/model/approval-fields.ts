import { z } from "zod";

/** Why somebody agreed or did not. */
export const reasonTextField = z.string().max(2_048);

/** Who has to agree; of one that several rules name, the strictest word. */
export const approversField = z
  .array(
    z
      .strictObject({
        /** `role:finance`, a subject, or `self`. */
        who: z.string().min(1).max(256),
        quorum: z.int().min(1).max(10),
        passkey: z.boolean(),
      })
      .readonly(),
  )
  .min(1)
  .max(100)
  .readonly();

const base64url = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[A-Za-z0-9_-]+$/, "not base64url");

/**
 * What a passkey signed: an assertion of WebAuthn whose challenge is the 32 bytes of the intent's digest.
 * It stands for agreement alone, because the word is not among what is signed.
 */
export const passkeyProofSchema = z
  .strictObject({
    /** The public key, SPKI in DER. */
    key: base64url(2_048),
    /** ES256, EdDSA, RS256, as COSE numbers them. */
    algorithm: z.union([z.literal(-7), z.literal(-8), z.literal(-257)]),
    authenticator: base64url(4_096),
    client: base64url(4_096),
    signature: base64url(2_048),
  })
  .readonly();
export type PasskeyProof = z.infer<typeof passkeyProofSchema>;
