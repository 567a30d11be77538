import { z } from "zod";

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);

const sharesSchema = z
  .strictObject({
    instructions: share,
    tools: share,
    conversation: share,
    /** By name. */
    sources: z.record(z.string().min(1).max(256), share).readonly(),
  })
  .readonly();
export type WindowShares = z.infer<typeof sharesSchema>;

/** How well a run's context served it, as its log tells; counts of a run up to its end. */
export const runQualitySchema = z
  .strictObject({
    /** Calls that the model asked for. */
    calls: count,
    /** Of these: they name a tool that there is, and their arguments are as it takes them. */
    wellFormed: count,
    /** Of these: the same had been answered before, and nothing was done since that could change the answer. */
    repeated: count,
    /** Answers of reads, sub-agents and the like that the model went on after. */
    results: count,
    /** Of these: what was looked at. */
    judged: count,
    /** Of what was looked at: the model never came back to anything that they say. */
    unused: count,
    /** Facts that were read again before an effect. */
    factsRead: count,
    /** Of these: they were not any more what the run had known. */
    staleFacts: count,
    /** Effects that were refused after one of these. */
    staleEffects: count,
    /** Arguments that were not what the recorded fact says. */
    contradictions: count,
    compactions: count,
    /** Shares of the window; null: no model was asked. */
    window: z
      .strictObject({ mean: sharesSchema, last: sharesSchema, largest: share })
      .readonly()
      .nullable(),
    /** Not all of the log and of its texts was looked at. */
    isSampled: z.boolean(),
  })
  .readonly();
export type RunQuality = z.infer<typeof runQualitySchema>;
