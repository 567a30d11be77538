import { Fault } from "../model/index.ts";
import type { Clock } from "../ports/clock.ts";
import type { ErrandPlace, WorkFile } from "../ports/errands.ts";
import type { SandboxEnd, Sandboxes, StartedSandbox } from "../ports/sandbox.ts";
import { createErrandAnswer, type ErrandAnswer } from "./errand-answer.ts";
import type { ErrandLimits } from "./errand-limits.ts";

export interface RunnerParts {
  readonly sandboxes: Pick<Sandboxes, "start">;
  readonly clock: Clock;
  readonly limits: ErrandLimits;
  /** The program that waits for an errand, as this tier starts it. */
  readonly toCommand: (tier: ErrandPlace["tier"]) => Promise<readonly string[]>;
}

/** A sandbox in which our runner waits for one errand. Nothing of whoever asks is in it yet. */
export interface RunnerSandbox {
  readonly stamp: StartedSandbox["stamp"];
  readonly answer: ErrandAnswer;
  /** Once nothing of it is left, and all that it said has been read. */
  readonly ended: Promise<SandboxEnd>;
  /** Sends the errand. */
  send(pieces: readonly Uint8Array[], files: readonly WorkFile[]): void;
  /** Now, and after each piece of the answer. */
  onSaid(look: () => void): void;
  kill(): void;
}

/** What is written past its answer: nothing is said there but why our own part ended. */
const mostComplaint = 4_096;
const mostAsideBytes = 1024 * 1024;
/** What a dead sandbox has said is read within this time. */
const lateMs = 1_000;

/** Throws the faults of `Sandboxes`, and `sandbox_failed` where no runner is ready in time. */
export async function startRunner(parts: RunnerParts, place: ErrandPlace): Promise<RunnerSandbox> {
  const { sandboxes, clock, limits, toCommand } = parts;
  const started = await sandboxes.start(place.tier, {
    server: place.server,
    command: await toCommand(place.tier),
    environment: {},
    directory: null,
    mounts: [],
    limits: place.limits,
    egress: place.egress,
    private: place.private,
    credentials: [],
  });
  const runner = toRunner(started, { clock, limits });
  if (await isReady(runner, parts)) return runner;
  runner.kill();
  const { reason } = await runner.ended;
  const aside = runner.complaint().trim().slice(-500);
  const why = aside === "" ? reason : `${reason}: ${aside}`;
  throw new Fault("sandbox_failed", `The program that waits in a sandbox did not come up: ${why}.`);
}

async function isReady(runner: RunnerSandbox, { clock, limits }: RunnerParts): Promise<boolean> {
  const { answer } = runner;
  const done = new AbortController();
  const said = new Promise<void>((resolve) =>
    runner.onSaid(() => {
      if (answer.phase !== "starting" || answer.wrong !== null) resolve();
    }),
  );
  const late = clock.sleep(limits.startMs, done.signal).catch(() => undefined);
  await Promise.race([said, runner.ended, late]);
  done.abort();
  return answer.phase === "ready" && answer.wrong === null;
}

interface Own {
  readonly clock: Clock;
  readonly limits: ErrandLimits;
}

function toRunner(
  { sandbox, stamp }: StartedSandbox,
  { clock, limits }: Own,
): RunnerSandbox & { readonly complaint: () => string } {
  let laidOut: readonly WorkFile[] = [];
  let look: () => void = () => undefined;
  let complaint = "";
  let asideBytes = 0;
  const answer = createErrandAnswer(limits, () => laidOut);
  const read = new Promise<void>((resolve) => {
    sandbox.stdout.once("close", resolve);
  });
  sandbox.stdout.on("data", (chunk: Uint8Array) => {
    answer.take(chunk);
    look();
  });
  sandbox.stderr.on("data", (chunk: Uint8Array) => {
    complaint = (complaint + new TextDecoder().decode(chunk.subarray(-mostComplaint))).slice(
      -mostComplaint,
    );
    asideBytes += chunk.length;
    if (asideBytes > mostAsideBytes) sandbox.kill();
  });
  // How a stream breaks is told by the sandbox's end.
  for (const stream of [sandbox.stdin, sandbox.stdout, sandbox.stderr])
    stream.on("error", () => undefined);
  return {
    stamp,
    answer,
    complaint: () => complaint,
    ended: sandbox.ended.then(async (end) => {
      const isWhole = answer.phase === "done" || answer.wrong !== null;
      if (!isWhole) await Promise.race([read, clock.sleep(lateMs)]);
      return end;
    }),
    send: (pieces, files) => {
      laidOut = files;
      sandbox.stdin.cork();
      for (const piece of pieces) sandbox.stdin.write(piece);
      sandbox.stdin.uncork();
    },
    onSaid: (next) => {
      look = next;
      // All of it may have come before anybody looked.
      next();
    },
    kill: () => sandbox.kill(),
  };
}
