import { useQuery } from "@tanstack/react-query";
import type { Sandboxes } from "../../../../src/client/client.ts";
import { useClient } from "../../shell/use-session.ts";
import { Badge } from "../../ui/badge.tsx";
import { Copy } from "../../ui/copy.tsx";
import { Part, readers } from "./part.tsx";
import { Read } from "./read.tsx";

type Sandbox = Sandboxes["sandboxes"][number];

export function SandboxesPart() {
  return (
    <Part title="Sandboxes" roles={readers} aside="as a canary in each one found them">
      <SandboxList />
    </Part>
  );
}

function SandboxList() {
  const client = useClient();
  const query = useQuery({
    queryKey: ["sandboxes"],
    queryFn: async () => (await client.listSandboxes()).body.sandboxes,
  });
  return (
    <Read query={query} rows={5}>
      {(sandboxes) => (
        <ul className="divide-y divide-line">
          {sandboxes.map((sandbox) => (
            <SandboxRow key={sandbox.driver} sandbox={sandbox} />
          ))}
        </ul>
      )}
    </Read>
  );
}

function SandboxRow({ sandbox }: { readonly sandbox: Sandbox }) {
  const { tier, driver, usable, reason, fix, evidence, digest, limits, traits } = sandbox;
  return (
    <li className="min-w-0 py-3 text-sm first:pt-0 last:pb-0">
      <div className="flex flex-wrap items-center gap-2">
        <Badge tone={usable ? "ok" : "neutral"}>{tier}</Badge>
        <strong className="font-medium">{driver}</strong>
        <span className="text-muted">
          {traits.isolation}, {traits.kernel === "none" ? "no" : traits.kernel} kernel, starts in
          about {traits.startMs} ms
          {traits.untrustedCode ? "; good for code of strangers" : ""}
        </span>
        {digest === null ? null : (
          <span className="ml-auto">
            <Copy text={digest} label={`digest of what the canary in ${driver} found`} />
          </span>
        )}
      </div>
      {usable ? (
        <details className="mt-1">
          <summary className="text-accent">
            {evidence.length} things the canary found, and what holds each limit
          </summary>
          <ul className="mt-2 grid list-disc gap-0.5 pl-5 text-muted">
            {evidence.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
          {limits === null ? null : (
            <p className="mt-2 text-muted">
              Memory: {limits.memoryBytes}. Processes: {limits.processes}. Processor:{" "}
              {limits.cpuMillis}. Scratch: {limits.scratchBytes}. Open files: {limits.openFiles}.
            </p>
          )}
        </details>
      ) : (
        <p className="mt-1 text-muted">
          Not usable: {reason}.{" "}
          {fix === null ? null : (
            <code className="rounded bg-sunken px-1.5 py-0.5 font-mono text-xs">{fix}</code>
          )}
        </p>
      )}
    </li>
  );
}
