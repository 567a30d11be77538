import { setTimeout as sleep } from "node:timers/promises";
import type { Sandbox, SandboxDriver } from "../../../src/ports/sandbox.ts";
import { smallLimits } from "./attempt.ts";
import { toProgram } from "./prelude.ts";
import type { Neighbour } from "./traps.ts";

const program = String.raw`
canary = os.environ["CANARY"]
path = os.getcwd() + "/of-the-neighbour"
for each in (path, "/dev/shm/of-the-neighbour"):
    with open(each, "w") as file:
        file.write(canary)
    os.chmod(each, 0o666)
key = 0x0C5A0000 + os.getpid()
segment = libc.shmget(key, 4096, 0o1666)
server = socket.socket()
server.bind(("0.0.0.0", 0))
server.listen()
print("neighbour " + json.dumps({"file": path, "segment": key, "port": server.getsockname()[1]}), flush=True)
sys.stdin.read()
`;

const startMs = 30_000;

/** Another program in a sandbox of the same driver, with the canary wherever it can have one. */
export async function startNeighbour(
  driver: SandboxDriver,
  canary: string,
): Promise<{ readonly sandbox: Sandbox; readonly neighbour: Neighbour }> {
  const sandbox = await driver.start({
    command: ["/usr/bin/python3", "-I", "-S", "-c", toProgram(program), "{}", canary],
    environment: { CANARY: canary },
    directory: null,
    mounts: [],
    limits: smallLimits,
    onConnection: null,
    authority: null,
  });
  let output = "";
  for (const stream of [sandbox.stdout, sandbox.stderr])
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  for (let waitedMs = 0; waitedMs < startMs; waitedMs += 10) {
    const line = output.split("\n").find((each) => each.startsWith("neighbour {"));
    if (line !== undefined && output.endsWith("\n"))
      return { sandbox, neighbour: JSON.parse(line.slice("neighbour ".length)) as Neighbour };
    await sleep(10);
  }
  sandbox.kill();
  throw new Error(`the neighbour did not start: ${output}`);
}
