import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** One address for a browser, whichever server stands behind it now; null: none does. */
export interface ForwardedPort {
  readonly url: string;
  turnTo(url: string | null): void;
}

export async function forwardPort(first: string): Promise<ForwardedPort> {
  let target: string | null = first;
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => open.delete(socket));
  };
  const server = createServer((incoming) => {
    keep(incoming);
    if (target === null) return void incoming.destroy();
    const outgoing = connect(Number(new URL(target).port), "127.0.0.1");
    keep(outgoing);
    incoming.pipe(outgoing).pipe(incoming);
    outgoing.on("close", () => incoming.destroy());
    incoming.on("close", () => outgoing.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => open.forEach((socket) => socket.destroy());
  onTestFinished(() => {
    server.close();
    cut();
  });
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    turnTo(url) {
      target = url;
      cut();
    },
  };
}
