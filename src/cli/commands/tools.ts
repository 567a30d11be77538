import type { Drift } from "../../client/client.ts";
import { Fault } from "../../model/fault.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { shorten } from "../render-changes.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

export const listTools: Run<Flags & { server?: string }> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listTools();
  const isWanted = (server: string): boolean =>
    flags.server === undefined || flags.server === server;
  const tools = body.tools.filter(({ server }) => isWanted(server));
  voice.answer(
    { tools },
    tools.length === 0
      ? "There are no tools. `countersign servers ls` says how the servers are."
      : renderTable(
          tools.map(({ name, effect, blocked, description }) => [
            name,
            effect,
            blocked === null ? "" : "BLOCKED",
            description.split("\n", 1)[0]!.slice(0, 80),
          ]),
        ),
  );
  return exitCodes.ok;
};

export const showDrift: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listDrift();
  voice.answer(body, renderDrifts(body.drifts));
  return exitCodes.ok;
};

export const preflight: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listDrift();
  const blocking = body.drifts.filter(({ grade }) => grade === "breaking" || grade === "dangerous");
  voice.answer(
    { ok: blocking.length === 0, drifts: body.drifts },
    blocking.length === 0 ? "Every definition is what was accepted." : renderDrifts(blocking),
  );
  return blocking.length === 0 ? exitCodes.ok : exitCodes.drift;
};

export const acceptDrift: Run<Flags & { digest?: string }, [string, string]> = async (
  { parts, voice },
  flags,
  ...[server, tool]
) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listDrift();
  const drifts = body.drifts.filter((each) => each.server === server && each.tool === tool);
  const [first] = drifts;
  if (first === undefined) throw new Fault("not_found", `${server} has no drift of ${tool}.`);
  const { digest } = flags;
  // Endpoints can run versions that differ: then it has to be said which one is meant.
  if (digest === undefined && drifts.length > 1) {
    voice.note(renderDrifts(drifts));
    throw new Fault("usage_invalid", `${tool} has ${drifts.length} versions: say --digest.`);
  }
  const drift = digest === undefined ? first : drifts.find(({ observed }) => observed === digest);
  if (drift === undefined)
    throw new Fault("drift_stale", `${tool} is ${first.observed ?? "gone"} now.`);
  voice.note(renderDrifts([drift]));
  const { observed } = drift;
  const accepted = await client.acceptDrift({ body: JSON.stringify({ server, tool, observed }) });
  voice.answer(
    accepted.body,
    observed === null ? `${tool} is given up.` : `${tool} is pinned to ${shorten(observed)}.`,
  );
  return exitCodes.ok;
};

export const lint: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.lintTools();
  voice.answer(
    body,
    body.findings.length === 0
      ? "Nothing to say."
      : renderTable(body.findings.map(({ tool, rule, message }) => [tool, rule, message])),
  );
  return exitCodes.ok;
};

function renderDrifts(drifts: readonly Drift[]): string {
  if (drifts.length === 0) return "Every definition is what was accepted.";
  return drifts
    .map(({ server, tool, grade, reasons, observed }) => {
      const head = `${server} ${tool}: ${grade}${observed === null ? "" : ` (${shorten(observed)})`}`;
      return [head, ...reasons.map((reason) => `  - ${reason}`)].join("\n");
    })
    .join("\n");
}
