import { openSync, read, writev } from "node:fs";

/** A device of the machine, or the connection that this process was started with. */
export interface Wire {
  send(bytes: Buffer): void;
}

const readBytes = 64 * 1024;
/** A port whose host is not there yet reads as nothing; so does one that has just been restored. */
const againMs = 2;

/**
 * Reads and writes by plain calls: neither a virtio port nor a socket of the machine is something that
 * Node knows as a stream. One read and one write are under way at most.
 */
export function openWire(port: string | null, onBytes: (chunk: Buffer) => void): Wire {
  const descriptors = port === null ? { from: 0, to: 1 } : both(openSync(port, "r+"));
  const room = Buffer.alloc(readBytes);
  const listen = (): void => {
    read(descriptors.from, room, 0, room.length, null, (error, count) => {
      const isAgain = error?.code === "EAGAIN" || error?.code === "EINTR";
      if (error !== null && !isAgain) process.exit(3);
      if (error === null && count === 0 && port === null) process.exit(0);
      if (error !== null || count === 0) return void setTimeout(listen, againMs);
      onBytes(Buffer.from(room.subarray(0, count)));
      listen();
    });
  };
  listen();
  return createWriter(descriptors.to);
}

const both = (descriptor: number) => ({ from: descriptor, to: descriptor });

function createWriter(descriptor: number): Wire {
  let waiting: Buffer[] = [];
  let isWriting = false;
  const write = (): void => {
    if (isWriting || waiting.length === 0) return;
    isWriting = true;
    const parts = waiting;
    waiting = [];
    writev(descriptor, parts, (error, count) => {
      isWriting = false;
      const isAgain = error?.code === "EAGAIN" || error?.code === "EINTR";
      if (error !== null && !isAgain) process.exit(4);
      waiting = [...skip(parts, error === null ? count : 0), ...waiting];
      if (isAgain) setTimeout(write, againMs);
      else write();
    });
  };
  return {
    send: (bytes) => {
      waiting.push(bytes);
      write();
    },
  };
}

/** What was not written yet. */
function skip(parts: readonly Buffer[], count: number): readonly Buffer[] {
  let left = count;
  return parts.flatMap((part) => {
    const skipped = Math.min(left, part.length);
    left -= skipped;
    return skipped === part.length ? [] : [part.subarray(skipped)];
  });
}
