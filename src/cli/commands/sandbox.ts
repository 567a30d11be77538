import type { Sandboxes } from "../../client/client.ts";
import { toPlainInert } from "../../lib/inert-text.ts";
import type { Run } from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { renderTable } from "../render-table.ts";

interface Flags {
  readonly json: boolean;
  readonly url?: string;
}

type Row = Sandboxes["sandboxes"][number];

export const probeSandboxes: Run<Flags> = async ({ parts, voice }, flags) => {
  const { client } = await parts.connect(flags.url);
  const { body } = await client.listSandboxes();
  voice.answer(body, body.sandboxes.map(toText).join("\n\n"));
  return body.sandboxes.some(({ usable }) => usable) ? exitCodes.ok : exitCodes.tryLater;
};

function toText({ tier, driver, usable, reason, fix, evidence, limits, traits }: Row): string {
  const state = `${tier}  ${driver}: ${usable ? "usable" : "missing"}`;
  const head = `${state}\n  ${toTraitsText(traits)}`;
  if (!usable || limits === null)
    return [head, `  ${toPlainInert(reason ?? "")}`, ...(fix === null ? [] : [`  ${fix}`])].join(
      "\n",
    );
  const rows = Object.entries(limits).map(([limit, by]) => [words[limit] ?? limit, by]);
  return [
    head,
    ...evidence.map((line) => `  ${toPlainInert(line)}`),
    "",
    renderTable(rows.map(([limit = "", by = ""]) => [limit, by])),
  ].join("\n");
}

function toTraitsText({
  isolation,
  kernel,
  startMs,
  volume,
  untrustedCode,
}: Row["traits"]): string {
  const trusted = untrustedCode
    ? "code that nobody has read"
    : "programs that somebody answers for";
  return `for ${trusted}; kept apart by ${isolation}, kernel: ${kernel}; ${volume} volume, starts in about ${startMs} ms`;
}

const words: Readonly<Record<string, string>> = {
  memoryBytes: "memory",
  processes: "processes",
  cpuMillis: "processors",
  scratchBytes: "scratch files",
  openFiles: "open files",
};
