import { readFileSync } from "node:fs";

/** What keeps a kernel from making namespaces for everyone, and how it is told not to. */
const switches: readonly (readonly [file: string, off: string, fix: string])[] = [
  ["kernel/unprivileged_userns_clone", "0", "sysctl -w kernel.unprivileged_userns_clone=1"],
  [
    "kernel/apparmor_restrict_unprivileged_userns",
    "1",
    "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  ],
  ["user/max_user_namespaces", "0", "sysctl -w user.max_user_namespaces=15000"],
];

/** The line that lets users make namespaces here; null: they are not kept from it. */
export const findNamespaceFix = (): string | null =>
  switches.find(([file, off]) => readSwitch(file) === off)?.[2] ?? null;

function readSwitch(file: string): string | null {
  try {
    return readFileSync(`/proc/sys/${file}`, "utf8").trim();
  } catch {
    return null;
  }
}
