import {
  answer,
  assemble,
  ifAnyBit,
  ifAtLeast,
  ifEqual,
  load,
  mask,
  type Instruction,
} from "./bpf.ts";
import { deniedCalls, type SyscallTable } from "./syscalls.ts";

/** What the kernel does with a call that the filter answers with it. */
export const verdicts = {
  allow: 0x7fff0000,
  kill: 0x80000000,
  /** Not permitted. */
  eperm: 0x00050001,
  /** Not known to this kernel: libraries do without. */
  enosys: 0x00050026,
  /** No such family of addresses. */
  eafnosupport: 0x00050061,
} as const;

/** Places in `struct seccomp_data`: arguments are 64 bits wide, their lower half first. */
const numberAt = 0;
const architectureAt = 4;
const argumentAt = (index: number): number => 16 + 8 * index;

/** Namespaces of every kind that `clone` can make. */
const newNamespaces = 0x7e020000;
const internet = [2, 10];
const unix = 1;
const stream = 1;
const packets = 5;
/** The rest of a socket's type are flags. */
const typeBits = 0xf;
/** Writing into the terminal of whoever started the program. */
const terminalRequests = [0x5412, 0x541c];

/**
 * Takes the calls that lead out of a sandbox; all others are the kernel's to judge, by namespaces,
 * mounts and limits. Whatever comes by another processor's convention ends the program.
 */
export function toSeccompProgram({
  architecture,
  foreignFrom,
  numbers,
  own,
}: SyscallTable): Uint8Array {
  const foreign =
    foreignFrom === null ? [] : [ifAtLeast(foreignFrom, 0, 1), answer(verdicts.enosys)];
  const denied = [...deniedCalls.map((name) => numbers[name]), ...Object.values(own)];
  return assemble([
    load(architectureAt),
    ifEqual(architecture, 1, 0),
    answer(verdicts.kill),
    load(numberAt),
    ...foreign,
    ...on(numbers.socket, sockets),
    ...on(numbers.socketpair, pairs),
    ...on(numbers.clone, clones),
    ...on(numbers.ioctl, requests),
    // Its flags are behind a pointer, where no filter can look; libraries fall back to clone.
    ...on(numbers.clone3, [answer(verdicts.enosys)]),
    ...on(numbers.io_uring_setup, [answer(verdicts.enosys)]),
    ...on(numbers.mknodat, nodes),
    ...denied.flatMap((number) => on(number, [answer(verdicts.eperm)])),
    answer(verdicts.allow),
  ]);
}

/** The number is loaded before it, and where it is another one, still is after it. */
function on(number: number, judge: readonly Instruction[]): readonly Instruction[] {
  return [ifEqual(number, 0, judge.length), ...judge];
}

/** Loopback is all that the sandbox's network has: to reach further is the egress gate's. */
const sockets: readonly Instruction[] = [
  load(argumentAt(0)),
  ...internet.flatMap((family) => [ifEqual(family, 0, 1), answer(verdicts.allow)]),
  answer(verdicts.eafnosupport),
];

/** Streams between parent and child. One of datagrams could be connected to any other socket. */
const pairs: readonly Instruction[] = [
  load(argumentAt(0)),
  ifEqual(unix, 0, 5),
  load(argumentAt(1)),
  mask(typeBits),
  ifEqual(stream, 1, 0),
  ifEqual(packets, 0, 1),
  answer(verdicts.allow),
  answer(verdicts.eafnosupport),
];

const clones: readonly Instruction[] = [
  load(argumentAt(0)),
  ifAnyBit(newNamespaces, 0, 1),
  answer(verdicts.eperm),
  answer(verdicts.allow),
];

const requests: readonly Instruction[] = [
  load(argumentAt(1)),
  ifEqual(terminalRequests[0]!, 1, 0),
  ifEqual(terminalRequests[1]!, 0, 1),
  answer(verdicts.eperm),
  answer(verdicts.allow),
];

/** Pipes with a name and plain files; no device, of any kind. */
const nodes: readonly Instruction[] = [
  load(argumentAt(2)),
  mask(0xf000),
  ifEqual(0x1000, 2, 0),
  ifEqual(0x8000, 1, 0),
  ifEqual(0, 0, 1),
  answer(verdicts.allow),
  answer(verdicts.eperm),
];
