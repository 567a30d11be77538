import { compileHostList } from "../../model/host-list.ts";
import type { EgressRule } from "../../model/sandbox.ts";
import type { Place } from "./place.ts";
import { EgressRefusal } from "./refusal.ts";

/** What may be spoken at a place. */
export interface Permission {
  readonly tls: boolean;
  readonly allowsMethod: (method: string) => boolean;
}

export type Permit = (place: Place) => Permission;

/** Throws the refusal where no rule names the place. */
export function compileRules(rules: readonly EgressRule[]): Permit {
  const compiled = rules.map((rule) => ({ ...rule, hosts: compileHostList([rule.host]) }));
  return ({ host, port, isAddress }) => {
    if (isAddress) throw new EgressRefusal("forbidden", "addresses are not allowed, only names");
    const matching = compiled.filter(
      (rule) => rule.port === port && rule.hosts.has({ kind: "name", host }),
    );
    if (matching.length === 0) {
      throw new EgressRefusal("forbidden", `no egress rule allows ${host}:${port}`);
    }
    return {
      tls: matching.some((rule) => rule.protocol === "tls"),
      allowsMethod: (method) =>
        matching.some(
          (rule) => rule.protocol === "http" && (rule.methods?.includes(method) ?? true),
        ),
    };
  };
}
