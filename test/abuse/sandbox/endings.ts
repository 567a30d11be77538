import { expect } from "vitest";
import type { Attempt, Running } from "./attempt.ts";

async function killOnceReady({ said, sandbox }: Running): Promise<void> {
  await said("ready");
  sandbox.kill();
}

/** Programs that would rather stay. Each test ends only when nothing of them is left. */
export const endings: readonly Attempt[] = [
  {
    name: "end: a spin that ignores SIGTERM",
    guards: "host",
    program: String.raw`
for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(each, signal.SIG_IGN)
print("ready", flush=True)
while True:
    pass
`,
    steer: async ({ sandbox, said, pause, hasEnded }) => {
      await said("ready");
      sandbox.terminate();
      await pause(300);
      expect(hasEnded(), "it did not ignore SIGTERM").toBe(false);
      sandbox.kill();
    },
  },
  {
    name: "end: one that goes when it is asked",
    guards: "host",
    program: String.raw`
def go(number, frame):
    os.write(1, b"asked")
    os._exit(0)
signal.signal(signal.SIGTERM, go)
print("ready", flush=True)
time.sleep(60)
`,
    steer: async ({ sandbox, said }) => {
      await said("ready");
      sandbox.terminate();
    },
    check: ({ output }) => expect(output).toContain("asked"),
  },
  {
    name: "end: orphans that hold its streams",
    guards: "host",
    program: String.raw`
for count in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for each in range(1, 32):
                try:
                    signal.signal(each, signal.SIG_IGN)
                except OSError:
                    pass
            time.sleep(600)
        os._exit(0)
tell()
os._exit(0)
`,
  },
  {
    name: "end: orphans without its streams",
    guards: "host",
    program: String.raw`
tell()
for count in range(5):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 64)
            while True:
                time.sleep(1)
        os._exit(0)
os._exit(0)
`,
  },
  {
    name: "end: streams closed, and it stays",
    guards: "host",
    program: String.raw`
print("ready", flush=True)
os.closerange(0, 3)
while True:
    time.sleep(1)
`,
    steer: killOnceReady,
  },
  {
    name: "end: all of it stopped",
    guards: "host",
    program: String.raw`
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
print("ready", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
`,
    steer: killOnceReady,
  },
  {
    name: "end: a fork bomb",
    guards: "host",
    needs: "processes",
    program: String.raw`
print("ready", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        pass
`,
    steer: async ({ sandbox, said, pause }) => {
      await said("ready");
      await pause(500);
      sandbox.kill();
    },
  },
  {
    name: "end: processes that replace each other",
    guards: "host",
    program: String.raw`
print("ready", flush=True)
while True:
    if os.fork() != 0:
        os._exit(0)
    os.setsid()
`,
    steer: async ({ said, pause, sandbox }) => {
      await said("ready");
      await pause(200);
      sandbox.kill();
    },
  },
  {
    name: "streams: a flood on both that nobody reads",
    guards: "host",
    program: String.raw`
print("ready", flush=True)
if os.fork() == 0:
    while True:
        os.write(2, b"y" * 65536)
while True:
    os.write(1, b"y" * 65536)
`,
    steer: async ({ sandbox, said, pause }) => {
      await said("ready");
      sandbox.stdout.pause();
      sandbox.stderr.pause();
      await pause(300);
      // What nobody reads waits in the pipes and stops the program; it does not grow in here.
      expect(sandbox.stdout.readableLength).toBeLessThan(1024 * 1024);
      expect(sandbox.stderr.readableLength).toBeLessThan(1024 * 1024);
      sandbox.kill();
    },
  },
  {
    name: "streams: input that it never reads",
    guards: "host",
    program: String.raw`
print("ready", flush=True)
time.sleep(600)
`,
    steer: async ({ sandbox, said, pause }) => {
      await said("ready");
      sandbox.stdin.write(Buffer.alloc(8 * 1024 * 1024));
      await pause(100);
      expect(sandbox.stdin.writableNeedDrain).toBe(true);
      sandbox.kill();
    },
  },
  {
    name: "streams: killed before it has begun",
    guards: "host",
    program: "time.sleep(600)",
    steer: ({ sandbox }) => {
      sandbox.kill();
      return Promise.resolve();
    },
  },
];
