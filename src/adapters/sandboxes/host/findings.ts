import type { Finding } from "./judge-canary.ts";

/** All that a sandbox without mounts may write: its scratch, and devices that keep nothing. */
const mayWrite = /^\/(?:tmp|proc|dev\/(?:shm|pts|null|zero|full|random|urandom|tty|console))$/;

/** What has to be so in every sandbox that has the host's own programs. */
export const findings = {
  powers: {
    holds: ({ capabilities, noNewPrivileges }) =>
      noNewPrivileges === "1" && capabilities.length === 5 && capabilities.every(isNone),
    evidence: "it has no capabilities and can gain none",
    otherwise: () => "it had capabilities, or could gain some",
  },
  network: {
    holds: ({ interfaces }) => interfaces.length === 1 && interfaces[0] === "lo",
    evidence: "it has no network but loopback",
    otherwise: ({ interfaces }) => `it saw the network interfaces ${interfaces.join(", ")}`,
  },
  processes: {
    holds: ({ processes, self }) => processes.every((pid) => pid === "1" || pid === self),
    evidence: "it sees no process but its own",
    otherwise: ({ processes }) => `it saw ${processes.length} processes`,
  },
  environment: {
    holds: ({ firstEnvironment }) => firstEnvironment === "done",
    evidence: "it sees no environment but its own",
    otherwise: ({ firstEnvironment }) => `it saw another environment (${firstEnvironment})`,
  },
  descriptors: {
    // The list was read by a program that opened the folder for it: one more than the streams.
    holds: ({ descriptors }) => descriptors.toSorted().join(" ") === "0 1 2 3",
    evidence: "it was handed no descriptors but its streams",
    otherwise: ({ descriptors }) => `it was handed the descriptors ${descriptors.join(", ")}`,
  },
  files: {
    holds: ({ root, writable }) => root === "EROFS" && writable.every((one) => mayWrite.test(one)),
    evidence: "it can write nothing but its scratch",
    otherwise: ({ root, writable }) => `it could write (/: ${root}; ${writable.join(", ")})`,
  },
} as const satisfies Readonly<Record<string, Finding>>;

export const isNone = (capabilities: string | null): boolean => /^0+$/.test(capabilities ?? "");
