import type { ChildProcess } from "node:child_process";
import { Server, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { fail } from "../host/fail.ts";
import { mostConnections, type Outlet } from "../host/outlet.ts";

/**
 * Takes the listener that the first program hands out, and tells that program what to go on with. One
 * message is taken; then the channel closes, before any foreign code has run.
 */
export function takeListener(
  child: ChildProcess,
  environment: Readonly<Record<string, string>>,
  onConnection: (socket: Duplex) => void,
): Promise<Outlet> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(fail("The sandbox ended before it could reach its proxy."));
    child.once("exit", giveUp);
    child.once("error", reject);
    child.once("message", (_, handle) => {
      if (!(handle instanceof Server)) {
        child.disconnect();
        return reject(fail("The sandbox handed out something that is no listener."));
      }
      const outlet = serve(handle, onConnection);
      // Held open here, it would keep the network of a sandbox that ended before it went on.
      child.once("exit", () => outlet.close());
      child.once("disconnect", () => resolve(outlet));
      child.send(environment, (error) => {
        if (error !== null) giveUp();
      });
    });
  });
}

/** An open connection would keep the sandbox's network after its end. */
function serve(server: Server, onConnection: (socket: Duplex) => void): Outlet {
  const open = new Set<Socket>();
  server.maxConnections = mostConnections;
  // Who has said all may still be waiting for the answer.
  Object.assign(server, { allowHalfOpen: true });
  server.on("error", () => undefined);
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => open.delete(socket));
    try {
      onConnection(socket);
    } catch {
      // Whoever decides on it has failed, so nobody has allowed it.
      socket.destroy();
    }
  });
  return {
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
