import { z } from "zod";
import type { FactRules } from "./config-facts.ts";

const template = z.string().min(1).max(256);
const pointer = z.string().max(1_024);
const freshMs = z.int().positive();
const listOf = <Item extends z.ZodType>(item: Item) => z.array(item).max(16).readonly().optional();

/** The same as in a configuration, as plain values: a run keeps what it began with. */
export const bundledFactFields = {
  facts: listOf(
    z
      .strictObject({
        key: template,
        each: pointer.optional(),
        value: pointer.optional(),
        fresh: freshMs,
      })
      .readonly(),
  ),
  needs: listOf(
    z
      .strictObject({
        fact: template,
        same: pointer.optional(),
        fresh: freshMs.optional(),
      })
      .readonly(),
  ),
  changes: listOf(template),
};

/** Only what is declared: a tool that declares nothing has the digest that it always had. */
export function toBundledFacts({ facts, needs, changes }: FactRules): FactRules {
  return {
    ...(facts === undefined ? {} : { facts: facts.map(withoutAbsent) }),
    ...(needs === undefined ? {} : { needs: needs.map(withoutAbsent) }),
    ...(changes === undefined ? {} : { changes }),
  };
}

function withoutAbsent<Rule extends object>(rule: Rule): Rule {
  return Object.fromEntries(
    Object.entries(rule).filter(([, value]) => value !== undefined),
  ) as Rule;
}
