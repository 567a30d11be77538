import { createByteBuffer, type ByteBuffer } from "../lib/byte-buffer.ts";
import { judgeWorkPath } from "../model/work-path.ts";
import type { WorkChanges, WorkFile } from "../ports/errands.ts";
import type { ErrandLimits } from "./errand-limits.ts";
import { fromRunner } from "./errand-wire.ts";
import { findCollision } from "./find-collision.ts";

interface Coming {
  readonly path: string;
  readonly isExecutable: boolean;
  readonly content: ByteBuffer;
}

const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Puts together what a sandbox says of its files. What it gives as text is why nothing is taken of it. */
export function createChangesReader(before: readonly WorkFile[], limits: ErrandLimits) {
  const known = new Set(before.map(({ path }) => path));
  const written: Coming[] = [];
  const removed: string[] = [];
  let bytes = 0;

  function takeFile(payload: Uint8Array): string | null {
    const [flag] = payload;
    const path = toPath(payload.subarray(1));
    const wrong = path === null ? "is not UTF-8" : judgeWorkPath(path);
    if (path === null || wrong !== null) return `the path of a file ${wrong}`;
    if (flag !== 0 && flag !== 1) return "it said something that cannot be read";
    if (written.length === limits.files) return `it sent more than ${limits.files} files`;
    written.push({ path, isExecutable: flag === 1, content: createByteBuffer() });
    return null;
  }

  function takeBytes(payload: Uint8Array): string | null {
    const last = written.at(-1);
    if (last === undefined || removed.length > 0)
      return "it said something that does not belong there";
    bytes += payload.length;
    if (bytes > limits.fileBytes) return `it sent files with more than ${limits.fileBytes} bytes`;
    last.content.add(payload);
    return null;
  }

  function takeRemoved(payload: Uint8Array): string | null {
    const path = toPath(payload);
    // Each goes once, so there are no more of them than there were files.
    if (path === null || !known.delete(path)) return "it removed a file that was not there";
    removed.push(path);
    return null;
  }

  return {
    take(kind: number, payload: Uint8Array): string | null {
      if (kind === fromRunner.file && removed.length === 0) return takeFile(payload);
      if (kind === fromRunner.bytes) return takeBytes(payload);
      if (kind === fromRunner.removed) return takeRemoved(payload);
      return "it said something that does not belong there";
    },
    end(): WorkChanges | string {
      const paths = written.map(({ path }) => path);
      const isNew = new Set(paths);
      if (removed.some((path) => isNew.has(path))) return "it wrote and removed the same file";
      const untouched = [...known].filter((path) => !isNew.has(path));
      const collision = findCollision([...paths, ...untouched]);
      if (collision !== null) return "two of its files cannot be there together";
      return { written: written.map(toFile), removed };
    },
  };
}

function toPath(bytes: Uint8Array): string | null {
  try {
    return text.decode(bytes);
  } catch {
    return null;
  }
}

const toFile = ({ path, isExecutable, content }: Coming): WorkFile => ({
  path,
  isExecutable,
  bytes: content.toBytes(),
});
