import type { ReactNode } from "react";
import type { Holder } from "../../shell/session.ts";
import { useRoleReason } from "../../shell/use-session.ts";
import { Section } from "../../ui/page.tsx";

export interface PartProps {
  readonly title: string;
  /** Whoever has one of them may read it. */
  readonly roles: readonly Holder["roles"][number][];
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** A part of the page that asks the server; for a role that may not, it says so and asks nothing. */
export function Part({ title, roles, aside, children }: PartProps) {
  const reason = useRoleReason(...roles);
  return (
    <Section title={title} aside={reason === null ? aside : null}>
      {reason === null ? children : <p className="text-sm text-muted">{reason}</p>}
    </Section>
  );
}

export const readers = ["admin", "viewer", "operator", "auditor"] as const;
export const operators = ["admin", "operator"] as const;
export const everyone = ["admin", "approver", "viewer", "operator", "auditor"] as const;
