import { z } from "zod";

const notReference =
  "takes a reference to a secret, never the secret itself: env://NAME, file:///path or secret://name";

/** What stands behind `secret://`. */
export const secretNameSchema = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?$/,
    "takes 1 to 128 lower-case letters, digits, ., _ and -, a letter or digit first and last",
  );

/** Where a secret is kept. What is not a reference is refused unread: it is likely the secret. */
export const secretReferenceSchema = z
  .string(notReference)
  .regex(
    /^(?:env:\/\/[A-Za-z_][A-Za-z0-9_]{0,127}|file:\/\/\S{1,1024}|secret:\/\/[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9])?)$/,
    notReference,
  )
  .meta({ title: "reference to a secret" })
  .brand<"SecretReference">();
export type SecretReference = z.infer<typeof secretReferenceSchema>;
