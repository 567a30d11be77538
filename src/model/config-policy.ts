import { z } from "zod";
import { durationField, nameField } from "./config-field.ts";

export const roleSchema = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "takes a role of letters, digits, dots, dashes");

export const policyField = z
  .strictObject({
    rule: z
      .enum(["deny-all", "allow-all"], "takes deny-all or allow-all")
      .prefault("deny-all")
      .describe(
        "What holds where no rules are written. `allow-all`: every caller may call every tool that is not blocked, which is said at each start.",
      ),
    rules: z
      .record(
        nameField,
        z
          .string("takes the text of policies, in Cedar")
          .min(1, "takes the text of policies, in Cedar")
          .max(262_144, "takes at most 256 KiB"),
      )
      .refine((rules) => Object.keys(rules).length <= 100, "takes at most 100 texts")
      .prefault({})
      .describe("Policies in Cedar, by a name for each text. What none of them permits is denied."),
    forgetLabels: durationField({ min: "1m", max: "30d" })
      .prefault("8h")
      .describe(
        "How long after its last labelled result a caller's context is believed to be rid of it.",
      ),
  })
  .refine(({ rule, rules }) => rule === "deny-all" || Object.keys(rules).length === 0, {
    path: ["rule"],
    message: "is allow-all, which goes without rules",
    params: { suggestion: "deny-all" },
  })
  .prefault({})
  .describe("Who may do what.");
