import { z } from "zod";
import { secretReferenceSchema } from "./secret-reference.ts";

const notName = "takes a name of letters, digits, dots and dashes, such as gate.example.com";

export const ledgerField = z
  .strictObject({
    name: z
      .string(notName)
      .max(100, "takes at most 100 characters")
      .regex(/^[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*$/, notName)
      .meta({ title: "name" })
      .prefault("countersign.local")
      .describe("Name of this installation. It stands in every checkpoint and verifier key."),
    signingKeys: z
      .array(secretReferenceSchema, "takes a list of references")
      .max(8, "takes at most 8 keys")
      .prefault([])
      .describe(
        "Keys that checkpoints are signed with, all of them each, the newest first; all replicas share " +
          "them. Absent: one is made on first start for this user.",
      ),
    checkpoints: z
      .string("takes a directory")
      .min(1, "takes a directory")
      .max(1_024, "takes a directory of at most 1024 characters")
      .optional()
      .describe(
        "Directory where checkpoints are kept, relative to countersign.yaml and never inside the data " +
          "directory. Absent: one beside this user's keys.",
      ),
  })
  .prefault({})
  .describe("The record that can be proven: who signs it, and where checkpoints are kept.");
