import { useQuery } from "@tanstack/react-query";
import { useClient } from "../../shell/use-session.ts";
import { Copy } from "../../ui/copy.tsx";
import { Facts } from "../../ui/facts.tsx";
import { Inert } from "../../ui/inert.tsx";
import { Time } from "../../ui/time.tsx";
import { Part, readers } from "./part.tsx";
import { Read } from "./read.tsx";
import { toBranches } from "./to-branches.ts";

export function ConfigurationPart() {
  return (
    <Part title="The configuration that serves" roles={readers} aside="read only">
      <Configuration />
    </Part>
  );
}

function Configuration() {
  const client = useClient();
  const query = useQuery({
    queryKey: ["config"],
    queryFn: async () => (await client.getConfig()).body,
    refetchInterval: 5_000,
  });
  return (
    <Read query={query} rows={8}>
      {({ digest, appliedAt, document }) => (
        <div className="grid gap-4">
          <Facts
            facts={[
              { name: "Digest", value: <Copy text={digest} label="digest of the revision" /> },
              { name: "Serving since", value: <Time at={appliedAt} /> },
              {
                name: "To change it",
                value: (
                  <code className="font-mono text-xs">
                    countersign plan, then countersign apply
                  </code>
                ),
              },
            ]}
          />
          <p className="text-sm text-muted">
            The whole document as the server holds it, with every default written out. Secrets are
            references: no value is in it.
          </p>
          <div className="divide-y divide-line rounded-md border border-line">
            {toBranches(document).map(({ name, count, text }) => (
              <details key={name} className="group">
                <summary className="flex items-center gap-3 px-3 py-2 text-sm hover:bg-hover">
                  <span aria-hidden="true" className="text-muted group-open:rotate-90">
                    ›
                  </span>
                  <span className="font-mono text-xs font-medium">{name}</span>
                  <span className="ml-auto truncate text-xs text-muted">{count}</span>
                </summary>
                <pre
                  tabIndex={0}
                  role="region"
                  aria-label={`${name} of the configuration`}
                  className="max-h-[32rem] overflow-auto border-t border-line bg-sunken p-3 font-mono text-xs whitespace-pre-wrap"
                >
                  <Inert text={text} lines escapes />
                </pre>
              </details>
            ))}
          </div>
        </div>
      )}
    </Read>
  );
}
