import { readFileSync } from "node:fs";

/** In ticks of a hundredth of a second, which thousands of calls make fine enough. */
export function readCpuUs(pids: readonly number[]): number {
  return sum(pids, (pid) => {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10_000;
  });
}

export function readRss(pids: readonly number[]): number {
  return sum(pids, (pid) => {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return pages * 4_096;
  });
}

function sum(pids: readonly number[], read: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + read(pid), 0);
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
