import { closeSync, readdirSync, readFileSync } from "node:fs";

/** As /proc/self/fdinfo writes it: this descriptor ends with the next program. */
const closeOnExec = 0o2000000;

/**
 * Closes what this process was handed besides its streams and would hand on to every program that it
 * starts. What it opened itself is not handed on, by Node's doing.
 */
export function closeInherited(): readonly number[] {
  const inherited = readdirSync("/proc/self/fd").map(Number).filter(isHandedOn);
  for (const descriptor of inherited) closeSync(descriptor);
  return inherited;
}

function isHandedOn(descriptor: number): boolean {
  if (descriptor <= 2) return false;
  try {
    const text = readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8");
    const flags = Number.parseInt(/^flags:\s+([0-7]+)$/m.exec(text)?.[1] ?? "", 8);
    return (flags & closeOnExec) === 0;
  } catch {
    // Closed meanwhile, such as the one that the list was read from.
    return false;
  }
}
