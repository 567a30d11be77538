import { z } from "zod";
import { agentContextSchema } from "../model/agent-context.ts";
import { bundleSchema } from "../model/bundle.ts";
import { digestSchema } from "../model/index.ts";

const anyObject = z.record(z.string(), z.unknown()).readonly();

const stored = bundleSchema.unwrap();

/** As it is stored; objects that are looked into by nobody are any objects. */
const bundle = stored.extend({
  model: stored.shape.model.unwrap().extend({
    route: z
      .array(z.array(anyObject).readonly())
      .readonly()
      .describe("Groups of backends, in the order in which they are asked."),
  }),
  context: agentContextSchema
    .unwrap()
    .extend({ sources: z.array(anyObject).readonly().describe("In the order of their names.") })
    .readonly()
    .optional(),
  memory: anyObject.nullable(),
});

export const bundleSchemas = {
  Bundle: z.object({ digest: digestSchema.describe("Of the bundle's canonical bytes."), bundle }),
  Bundles: z.object({
    bundles: z
      .array(
        z.object({
          agent: z.string(),
          description: z.string(),
          digest: digestSchema
            .nullable()
            .describe("Of the bundle that a run would start with now; null: none can."),
          problem: z.string().nullable().describe("Why none can."),
        }),
      )
      .describe("In the order of the document."),
  }),
  BundleDiff: z.object({
    from: digestSchema,
    to: digestSchema,
    changes: z.array(
      z.object({
        component: z.string().describe("`instructions`, `tool flights__search`, `limits`."),
        text: z.string().describe("What changed, in words."),
      }),
    ),
  }),
} as const;
