import { useSession } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Section } from "../../ui/page.tsx";
import { roleWords } from "./role-words.ts";

/** Who is signed in, and what that lets this page do. */
export function HolderPart() {
  const { holder } = useSession();
  return (
    <Section title="You">
      <Facts
        facts={[
          { name: "Name", value: holder.name },
          { name: "Tenant", value: holder.tenant ?? "none" },
        ]}
      />
      <ul className="mt-4 grid gap-2 text-sm">
        {roleWords.map(({ role, may }) => {
          const has = holder.roles.includes(role);
          return (
            <li key={role} className="flex items-start gap-3">
              <span className="w-20 shrink-0">
                <Badge tone={has ? "ok" : "neutral"}>{role}</Badge>
              </span>
              <span className={has ? "" : "text-muted"}>
                {may}
                {has ? "" : " Not yours."}
              </span>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
