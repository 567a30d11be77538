import { Fault } from "../../model/index.ts";

/** What the disk said, as a Fault. `said` is an error of ours or the words of a Postgres program. */
export function toDiskFault(said: unknown, place: string): Fault | null {
  const code = (said as NodeJS.ErrnoException | null)?.code;
  const text = typeof said === "string" ? said : "";
  const options = { cause: said, details: { place } };
  if (
    code === "ENOSPC" ||
    code === "EDQUOT" ||
    /No space left on device|quota exceeded/i.test(text)
  ) {
    return new Fault("store_full", `The disk that holds ${place} is full.`, options);
  }
  if (code === "EROFS" || /Read-only file system/.test(text)) {
    return new Fault("store_read_only", `${place} is on a file system that is read-only.`, options);
  }
  if (code === "EACCES" || code === "EPERM" || /Permission denied/.test(text)) {
    return new Fault("store_read_only", `${place} may not be written by this user.`, options);
  }
  if (code === "ENOTDIR") {
    return new Fault("store_unavailable", `${place} is a file, or lies below one.`, options);
  }
  return null;
}

export function withDiskFaults<Result>(place: string, write: () => Result): Result {
  try {
    return write();
  } catch (error) {
    throw toDiskFault(error, place) ?? error;
  }
}
