/** What of the system a sandbox is made with, by the Debian package that it comes in. */
export const packages = {
  bwrap: "bubblewrap",
  sh: "dash",
  env: "coreutils",
  mkfifo: "coreutils",
  prlimit: "util-linux",
  setpriv: "util-linux",
} as const;

export type Programs = Readonly<Record<keyof typeof packages, string>>;
