import { z } from "zod";

/** Where content came from. What is made from several contents inherits from all of them. */
export const labelSchema = z.enum(["trusted", "untrusted", "confidential"]);
export type Label = z.infer<typeof labelSchema>;

const order = labelSchema.options;

/** Trust is lost by touching the untrusted and never regained; what is confidential stays so. */
export function joinLabels(...sets: readonly (readonly Label[])[]): readonly Label[] {
  const all = new Set(sets.flat());
  if (all.has("untrusted")) all.delete("trusted");
  return Object.freeze(order.filter((label) => all.has(label)));
}
