import { systemClock } from "../src/adapters/system/system-clock.ts";
import { systemRandom } from "../src/adapters/system/system-random.ts";
import { openErrands } from "../src/main/open-errands.ts";
import { Fault } from "../src/model/index.ts";
import { createInMemoryTelemetry } from "../src/ports/in-memory-telemetry.ts";
import type { SandboxDriver } from "../src/ports/sandbox.ts";
import { createSandboxes } from "../src/sandbox/sandboxes.ts";
import { createDriverUnderTest } from "./conformance/bubblewrap-under-test.ts";
import { generousLimits } from "./conformance/sandbox-spec.ts";

/**
 * A server that carries errands out, one after the other on each of its lanes, while others kill what it
 * has started. It says what it sees that must not be, and how many ended when it is asked to end.
 */
const [, , name = ""] = process.argv;

async function createDriver(): Promise<SandboxDriver> {
  if (name === "bubblewrap") return createDriverUnderTest();
  if (name === "gvisor")
    return (await import("./conformance/gvisor-under-test.ts")).createGvisorUnderTest();
  const { createQemuUnderTest } = await import("./conformance/microvm-under-test.ts");
  return createQemuUnderTest({ note: (text) => void process.stderr.write(`${text}\n`) });
}

const driver = await createDriver();
const telemetry = createInMemoryTelemetry();
const sandboxes = createSandboxes({
  drivers: [driver],
  egress: {
    open: () => {
      throw new Error("nothing is let out here");
    },
  },
  random: systemRandom,
  telemetry,
});
const errands = openErrands({ sandboxes, clock: systemClock, telemetry });
const lanes = 3;
const say = (line: string) => void process.stdout.write(`${line}\n`);
let ended = 0;
let isClosing = false;

async function carryOut(word: string): Promise<void> {
  const end = await errands.run(
    {
      place: {
        server: name,
        tier: driver.tier,
        limits: generousLimits,
        egress: [],
        private: false,
        warm: 2,
      },
      // Any of these may be the one that is killed, and then all of it has failed.
      command: ["sh", "-c", "setsid sleep 600 & cat in > out && sleep 0.05 && rm in"],
      environment: {},
      files: [{ path: "in", bytes: new TextEncoder().encode(word), isExecutable: false }],
      timeoutMs: 30_000,
    },
    new AbortController().signal,
  );
  const { reason, changes } = end;
  if (reason === "ended with 0") {
    const [file] = changes?.written ?? [];
    const text = new TextDecoder().decode(file?.bytes);
    if (file?.path !== "out" || text !== word || changes?.removed[0] !== "in")
      say(`wrong: ${JSON.stringify([word, text, changes?.removed])}`);
  } else if (!/^(?:was|ended|could not|used more|took longer)/.test(reason))
    say(`wrong: ${reason}`);
}

async function goOn(lane: number): Promise<void> {
  for (let round = 0; !isClosing; round += 1) {
    try {
      await carryOut(`${lane}.${round}`);
    } catch (error) {
      const isKnown = error instanceof Fault && ["sandbox_failed", "draining"].includes(error.code);
      if (!isKnown) say(`wrong: ${String(error)}`);
    }
    ended += 1;
    if (ended === 1) say("up");
  }
}

const running = Array.from({ length: lanes }, (_, lane) => goOn(lane));

process.once("SIGTERM", () => {
  isClosing = true;
  void Promise.all([errands.close(), ...running]).then(() => {
    say(`ended ${ended}`);
    process.exit(0);
  });
});
