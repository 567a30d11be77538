import { homedir } from "node:os";
import path from "node:path";

/** A file as somebody in this directory would name it. */
export function namePlace(file: string): string {
  const fromHere = path.relative(process.cwd(), file);
  if (isBelow(fromHere)) return fromHere === "" ? "." : fromHere;
  const fromHome = path.relative(homedir(), file);
  return isBelow(fromHome) ? path.join("~", fromHome) : file;
}

const isBelow = (relative: string): boolean =>
  !path.isAbsolute(relative) && relative.split(path.sep)[0] !== "..";
