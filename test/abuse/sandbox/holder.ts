import { setInterval } from "node:timers";
import { smallLimits } from "./attempt.ts";
import { createDrivers } from "./drivers.ts";
import { toProgram } from "./prelude.ts";

/**
 * Stands for a server: starts one sandbox and holds it until it is killed. Its program has children
 * that left it, and tells which descriptors it was handed.
 */
const [, , name = "", marker = ""] = process.argv;
const driver = createDrivers([]).find((each) => each.name === name);
if (driver === undefined) throw new Error(`there is no driver ${name}`);

const program = String.raw`
for count in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for each in range(1, 32):
                try:
                    signal.signal(each, signal.SIG_IGN)
                except OSError:
                    pass
            while True:
                time.sleep(1)
        os._exit(0)
descriptors = []
for number in range(3, 1024):
    try:
        os.fstat(number)
    except OSError:
        continue
    descriptors.append(number)
print("holding " + json.dumps(descriptors), flush=True)
while True:
    time.sleep(1)
`;

const sandbox = await driver.start({
  command: ["/usr/bin/python3", "-I", "-S", "-c", toProgram(program), "{}", marker],
  environment: {},
  directory: null,
  mounts: [],
  limits: smallLimits,
  onConnection: null,
  authority: null,
});
sandbox.stdout.pipe(process.stdout);
sandbox.stderr.pipe(process.stderr);
// Whoever started this one kills it; if that one is gone, so is its end of the pipe.
process.stdin.on("end", () => process.exit(1)).resume();
setInterval(() => undefined, 60_000);
