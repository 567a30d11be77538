import { z } from "zod";

const flag = z.boolean("takes true or false").prefault(false);

/** Absent, and nobody outside learns that there is such an agent. */
export const a2aField = z
  .strictObject({
    public: flag.describe("Whether everybody may read its card, without a key."),
    skills: flag.describe(
      "Whether the card that everybody may read names its skills. Whoever calls it sees them in any case.",
    ),
  })
  .optional()
  .describe(
    "Lets other agents call it by Agent2Agent at `/a2a/{agent}`, with a key. Absent: they cannot.",
  );
