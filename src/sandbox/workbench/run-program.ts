import { toSandboxLimits } from "../../model/config-sandbox.ts";
import { Fault, type Digest, type FaultCode } from "../../model/index.ts";
import { toShown } from "../../model/workspace.ts";
import type { ErrandEnd, WorkChanges } from "../../ports/errands.ts";
import { toStreamText } from "./stream-text.ts";
import { countOf, textOf, type ToolCall, type Told, type WorkbenchParts } from "./tool-call.ts";
import type { Changed } from "./workspaces.ts";

/** Taking its files out and keeping them has to be done before the call's time is over. */
const marginMs = 3_000;
const leastMs = 1_000;
/** As long as anybody may ask for. */
const longestMs = 3_600_000;

/** What every program finds: nothing of ours, and no compiled files beside its sources. */
const environment = { LANG: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1" };

export function runCode(parts: WorkbenchParts, call: ToolCall): Promise<Told> {
  const code = textOf(call, "code");
  const isPython = textOf(call, "language") === "python";
  return runProgram(parts, call, isPython ? ["python3", "-c", code] : ["node", "-e", code]);
}

export function runBash(parts: WorkbenchParts, call: ToolCall): Promise<Told> {
  return runProgram(parts, call, ["bash", "-c", textOf(call, "command")]);
}

/**
 * All files of the workspace go with it, and what it has changed when it ends becomes the workspace, at
 * once: whatever kills it before that has changed nothing.
 */
async function runProgram(
  parts: WorkbenchParts,
  call: ToolCall,
  command: readonly string[],
): Promise<Told> {
  if (command.some((each) => each.includes("\0") || !each.isWellFormed()))
    return { text: "The program holds a NUL or half a character.", isError: true };
  const { workspaces, errands, clock } = parts;
  const { whose, callKey, config, server } = call;
  if (callKey !== null && (await workspaces.wasChangedBy(whose, callKey)))
    return wasMade(parts, call);
  const { files, digest } = await workspaces.look(whose, async (open) => ({
    files: await open.read(open.manifest.files),
    digest: open.digest,
  }));
  const wanted = countOf(call, "timeout_seconds");
  const timeoutMs = wanted === null ? longestMs : wanted * 1_000;
  // Its sandbox may have taken long to start, and somebody may have stopped the call meanwhile.
  const beforeBegin = (): number => {
    call.beforeWrite();
    return Math.max(leastMs, call.untilMs() - clock.nowMs() - marginMs);
  };
  const { egress, egressPrivate, warm } = config;
  const limits = toSandboxLimits(config);
  const place = { server, tier: call.tier, limits, egress, private: egressPrivate, warm };
  const errand = { place, command, environment, files, timeoutMs, beforeBegin };
  const end = await errands.run(errand, call.signal).catch(asUnsent);
  const { changes } = end;
  const isKept = changes !== null && !call.signal.aborted;
  const changed: Changed = isKept
    ? await workspaces
        .change(whose, { bounds: config.workspace, callKey, plan: async () => changes })
        .catch((error: unknown) => toRefused(error, digest))
    : { kind: "changed", before: digest, after: digest };
  return toTold(end, { changed, isKept });
}

/** Errands say these before anything has run: to the gate, nothing was sent. */
const unsent = new Map<unknown, FaultCode>([
  ["overloaded", "upstream_busy"],
  ["draining", "upstream_unreachable"],
]);

function asUnsent(error: unknown): never {
  const code = error instanceof Fault ? unsent.get(error.code) : undefined;
  if (code === undefined) throw error;
  throw new Fault(code, (error as Fault).message, { cause: error });
}

/** The program has run by then, and may have reached others: that it changed nothing is an answer. */
function toRefused(error: unknown, digest: Digest): Changed {
  if (!(error instanceof Fault) || error.code !== "upstream_busy") throw error;
  return { kind: "refused", why: `${error.message} Nothing was changed.`, digest };
}

async function wasMade({ workspaces }: WorkbenchParts, { whose }: ToolCall): Promise<Told> {
  const text =
    "This call was made before: what its program changed is in the workspace, and what it printed is lost.";
  return workspaces.look(whose, async ({ digest }) => ({
    text,
    isError: true,
    workspace: { before: digest, after: digest },
  }));
}

interface Kept {
  readonly changed: Changed;
  readonly isKept: boolean;
}

function toTold(end: ErrandEnd, { changed, isKept }: Kept): Told {
  const { reason, exitCode, stdout, stderr, changes, stamp, usage } = end;
  const lines = [
    `The program ${reason}.`,
    ...toStreamText("stdout", stdout),
    ...toStreamText("stderr", stderr),
    ...toChangesText(changed, isKept ? changes : null),
  ];
  const { memoryPeakBytes, cpuUs } = usage;
  const isRefused = changed.kind === "refused";
  return {
    text: lines.join("\n"),
    isError: exitCode !== 0 || !isKept || isRefused,
    workspace:
      changed.kind === "changed"
        ? { before: changed.before, after: changed.after }
        : { before: changed.digest, after: changed.digest },
    sandbox: { ...stamp, exit: exitCode, usage: { memoryPeakBytes, cpuUs } },
  };
}

/** Names of one kind that are told; the rest is counted. */
const mostNames = 50;

function toChangesText(changed: Changed, changes: WorkChanges | null): readonly string[] {
  if (changes === null) return ["What it changed in the workspace was not kept."];
  if (changed.kind === "refused") return [changed.why];
  const written = changes.written.map(
    ({ path, bytes }) => `${toShown(path)} (${bytes.byteLength})`,
  );
  return [...toNames("written", written), ...toNames("removed", changes.removed.map(toShown))];
}

function toNames(what: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const left = names.length - mostNames;
  const more = left > 0 ? `, and ${left} more` : "";
  return [`${what}: ${names.slice(0, mostNames).join(", ")}${more}`];
}
