import path from "node:path";

/** Where everything of one embedded Postgres lies. */
export interface Layout {
  readonly root: string;
  readonly cluster: string;
  /** Null where the path is too long for a socket address; then it is loopback TCP. */
  readonly socket: string | null;
  readonly password: string;
  readonly log: string;
}

// sun_path holds 108 bytes on Linux and 104 on macOS, the closing NUL and the socket's own name in.
const maxSocketPath = 103;
export const socketPort = 5432;

export function toLayout(root: string): Layout {
  const socket = path.join(root, "socket");
  const socketFile = path.join(socket, `.s.PGSQL.${socketPort}.lock`);
  return {
    root,
    cluster: path.join(root, "cluster"),
    socket: Buffer.byteLength(socketFile) <= maxSocketPath ? socket : null,
    password: path.join(root, "cluster", "countersign.password"),
    log: path.join(root, "postgres.log"),
  };
}
