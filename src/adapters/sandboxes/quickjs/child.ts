import { readFileSync, readSync, writeSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { EvalFlags, Intrinsics, QuickJS, type JSValueHandle } from "quickjs-wasi";
import { prelude } from "./prelude.ts";
import { mostCodeBytes, mostInputBytes, readOrder, type Asked } from "./protocol.ts";

/**
 * The process of one piece of code: it reads the code and its input, lets the interpreter run it, and
 * ends. An endless loop is ended with the process: the interpreter asks nobody while it is in one of
 * its own functions. Writing waits until somebody reads, so that no flood is ever kept.
 */

/** Room for the line before the code. */
const mostOrderBytes = 1024;
const mostBytes = mostOrderBytes + mostCodeBytes + mostInputBytes;
/** Half of what the interpreter's own part takes at most. */
const stackBytes = 256 * 1024;
const failed = 1;
const [stdin, stdout, stderr] = [0, 1, 2];

const [, , engine = ""] = process.argv;

/** Said to whoever reads what went wrong; what else is thrown is not. */
class Refusal extends Error {}

let code: number | null = null;
/** Rejections that nobody has looked at. */
let lost = 0;
try {
  requireNoPowers();
  await run(readOrder(readAll()));
} catch (error) {
  code = failed;
  // Its own words may name our folders.
  say(stderr, error instanceof Refusal ? `${error.message}\n` : "The interpreter gave up.\n");
}
process.exit(code ?? failed);

/** What was started without the walls around it runs nothing. */
function requireNoPowers(): void {
  const { permission } = process as { permission?: { has(scope: string): boolean } };
  const powers = ["fs.write", "child", "worker", "addon"];
  if (permission === undefined || powers.some((power) => permission.has(power)))
    throw new Refusal("The interpreter's process may do too much.");
}

function readAll(): Buffer {
  const chunks: Buffer[] = [];
  for (let bytes = 0; bytes <= mostBytes;) {
    const chunk = Buffer.allocUnsafe(65_536);
    const count = readSync(stdin, chunk);
    if (count === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, count));
    bytes += count;
  }
  throw new Refusal(`The input is longer than ${mostInputBytes} bytes.`);
}

async function run({ code: source, input, memoryBytes, isAlone }: Asked): Promise<void> {
  if (isAlone && Object.keys(networkInterfaces()).length > 0)
    throw new Refusal("The interpreter's process has a network.");
  if (input.length > mostInputBytes)
    throw new Refusal(`The input is longer than ${mostInputBytes} bytes.`);
  const vm = await QuickJS.create({
    wasm: readFileSync(engine),
    memoryLimit: memoryBytes,
    maxStackSize: stackBytes,
    timezoneOffset: 0,
    // Without what calls back when something is collected, and a clock that is finer than a date.
    intrinsics: Intrinsics.ALL & ~Intrinsics.WEAK_REF & ~Intrinsics.PERFORMANCE,
    onUnhandledRejection: (_promise: unknown, _reason: unknown, isHandled: boolean) => {
      lost += isHandled ? -1 : 1;
    },
  });
  const settle = setUp(vm, new TextDecoder().decode(input));
  const promise = evaluate(vm, source, EvalFlags.ASYNC);
  vm.callFunction(settle, vm.undefined, promise);
  vm.executePendingJobs();
  if (code === 0 && lost > 0)
    throw new Refusal("A promise was rejected, and nothing took its error.");
  if (code === null)
    throw new Refusal("Nothing is left to do, and what it waits for has not come.");
}

function setUp(vm: QuickJS, input: string): JSValueHandle {
  const toWay = (name: string, descriptor: number) =>
    vm.newFunction(name, (text) => {
      // An exception of ours would carry our folders into the code.
      if (text?.isString === true) say(descriptor, text.toString());
      return vm.undefined;
    });
  const end = vm.newFunction("end", (ending) => {
    // What failed stays failed.
    const said = ending?.isNumber === true ? ending.toNumber() : failed;
    code = code === null || code === 0 ? said : code;
    return vm.undefined;
  });
  const text = vm.newString(input);
  vm.setProp(vm.global, "input", text);
  const make = vm.evalCode(prelude, "prelude");
  const [write, complain] = [toWay("write", stdout), toWay("complain", stderr)];
  return vm.callFunction(make, vm.undefined, write, complain, end);
}

/** What cannot be read throws here, before any of it has run; all else is told by the promise. */
function evaluate(vm: QuickJS, source: string, flags: number): JSValueHandle {
  try {
    return vm.evalCode(source, "code", flags);
  } catch (error) {
    const { name, message, stack = "" } = error as Error;
    throw new Refusal(
      `${name}: ${message}`.slice(0, 1_000) + `\n${stack.slice(0, 1_000).trimEnd()}`,
    );
  }
}

/** Whoever reads it no more ends us. */
function say(descriptor: number, text: string): void {
  try {
    const bytes = Buffer.from(text, "utf8");
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
  } catch {
    process.exit(failed);
  }
}
