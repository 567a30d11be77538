import { expect, test } from "vitest";
import { toSeccompProgram, verdicts } from "./seccomp.ts";
import { deniedCalls, x64 } from "./syscalls.ts";

const program = toSeccompProgram(x64);

interface Made {
  readonly number: number;
  readonly args?: readonly number[];
  readonly architecture?: number;
}

/** What the kernel does with a filter, for the instructions that ours has. */
function judge({ number, args = [], architecture = x64.architecture }: Made): number {
  const facts = new DataView(new ArrayBuffer(64));
  facts.setUint32(0, number, true);
  facts.setUint32(4, architecture, true);
  args.forEach((value, index) => facts.setBigUint64(16 + 8 * index, BigInt(value), true));
  const read = new DataView(program.buffer);
  let value = 0;
  for (let at = 0; at < program.byteLength; at += 8) {
    const [jt, jf, k] = [
      read.getUint8(at + 2),
      read.getUint8(at + 3),
      read.getUint32(at + 4, true),
    ];
    const jump = (holds: boolean): number => 8 * (holds ? jt : jf);
    const code = read.getUint16(at, true);
    if (code === 0x06) return k;
    if (code === 0x20) value = facts.getUint32(k, true);
    else if (code === 0x54) value = (value & k) >>> 0;
    else if (code === 0x15) at += jump(value === k);
    else if (code === 0x35) at += jump(value >= k);
    else if (code === 0x45) at += jump((value & k) !== 0);
    else throw new Error(`unknown instruction ${code}`);
  }
  throw new Error("the filter has no end");
}

const { numbers } = x64;

test("every call of the list is refused, and what programs live on is let through", () => {
  for (const name of deniedCalls)
    expect([name, judge({ number: numbers[name] })]).toEqual([name, verdicts.eperm]);
  for (const [name, number] of Object.entries(x64.own))
    expect([name, judge({ number })]).toEqual([name, verdicts.eperm]);
  // read, write, openat, mmap, execve, futex, epoll_wait, accept4, exit_group.
  for (const number of [0, 1, 257, 9, 59, 202, 232, 288, 231])
    expect(judge({ number })).toBe(verdicts.allow);
});

test("the numbers of a table are all different", () => {
  const all = [...Object.values(numbers), ...Object.values(x64.own)];
  expect(new Set(all).size).toBe(all.length);
});

test.each([
  ["AF_INET", 2, verdicts.allow],
  ["AF_INET6", 10, verdicts.allow],
  ["AF_UNIX", 1, verdicts.eafnosupport],
  ["AF_NETLINK", 16, verdicts.eafnosupport],
  ["AF_PACKET", 17, verdicts.eafnosupport],
  ["AF_ALG", 38, verdicts.eafnosupport],
  ["AF_VSOCK", 40, verdicts.eafnosupport],
  ["AF_UNIX in the lower half", 2 ** 32 + 1, verdicts.eafnosupport],
])("a socket of %s", (_, family, verdict) => {
  expect(judge({ number: numbers.socket, args: [family] })).toBe(verdict);
});

test.each([
  ["a stream", 1, 1, verdicts.allow],
  ["packets, close on exec", 1, 5 | 0o2000000, verdicts.allow],
  ["datagrams, which can be connected anew", 1, 2, verdicts.eafnosupport],
  ["of another family", 2, 1, verdicts.eafnosupport],
])("a pair of sockets: %s", (_, family, type, verdict) => {
  expect(judge({ number: numbers.socketpair, args: [family, type] })).toBe(verdict);
});

test("a clone makes a thread or a process, and no namespace of any kind", () => {
  const thread = 0x3d0f00;
  expect(judge({ number: numbers.clone, args: [thread] })).toBe(verdicts.allow);
  expect(judge({ number: numbers.clone, args: [17] })).toBe(verdicts.allow);
  for (const flag of [
    0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
  ])
    expect(judge({ number: numbers.clone, args: [thread | flag] })).toBe(verdicts.eperm);
  expect(judge({ number: numbers.clone3 })).toBe(verdicts.enosys);
});

test("nothing is typed into the caller's terminal", () => {
  expect(judge({ number: numbers.ioctl, args: [0, 0x5412] })).toBe(verdicts.eperm);
  expect(judge({ number: numbers.ioctl, args: [0, 0x541c] })).toBe(verdicts.eperm);
  // The upper half of the argument is cut off by the kernel, too.
  expect(judge({ number: numbers.ioctl, args: [0, 2 ** 32 + 0x5412] })).toBe(verdicts.eperm);
  expect(judge({ number: numbers.ioctl, args: [0, 0x5401] })).toBe(verdicts.allow);
});

test("files and pipes are made, and no devices", () => {
  const made = (mode: number) => judge({ number: numbers.mknodat, args: [0, 0, mode] });
  expect([0x81a4, 0x11a4, 0x01a4].map(made)).toEqual(Array(3).fill(verdicts.allow));
  expect([0x21a4, 0x61a4].map(made)).toEqual(Array(2).fill(verdicts.eperm));
});

test("another processor's convention ends the program", () => {
  expect(judge({ number: 0, architecture: 0x40000003 })).toBe(verdicts.kill);
  expect(judge({ number: 0x40000000 + 59 })).toBe(verdicts.enosys);
});
