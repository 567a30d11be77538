import { homedir } from "node:os";
import path from "node:path";

/** A file as somebody in this directory would name it. */
export function namePlace(file: string): string {
  const here = path.relative(process.cwd(), file);
  if (!here.startsWith("..") && !path.isAbsolute(here)) return here === "" ? "." : here;
  const home = path.relative(homedir(), file);
  return home.startsWith("..") || path.isAbsolute(home) ? file : path.join("~", home);
}
