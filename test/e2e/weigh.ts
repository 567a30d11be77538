import type { Home, Up } from "./home.ts";

/** What a process still holds once its garbage is taken out, in bytes. */
interface Weight {
  readonly heap: number;
  readonly buffers: number;
}

interface Scales {
  /** Takes the garbage out first. */
  weigh(): Promise<Weight>;
  close(): void;
}

/** Before it is started: where its inspector listens once it is asked for. */
export function prepareScales(home: Home): void {
  home.environment["NODE_OPTIONS"] = "--inspect-port=127.0.0.1:0";
}

/** Through the inspector, which any Node opens when it is told by this signal. */
export async function openScales(up: Up): Promise<Scales> {
  up.kill("SIGUSR1");
  const socket = new WebSocket(await findInspector(up));
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve, { once: true });
    socket.addEventListener("error", reject, { once: true });
  });
  const closed = new Promise<never>((_, reject) => {
    const tell = (): void => reject(new Error(`The inspector closed: ${up.log()}`));
    socket.addEventListener("close", tell, { once: true });
  });
  closed.catch(() => undefined);
  let last = 0;
  const ask = async (method: string): Promise<Record<string, number>> => {
    const id = (last += 1);
    const answered = new Promise<Record<string, number>>((resolve, reject) => {
      const hear = ({ data }: MessageEvent): void => {
        const told = JSON.parse(String(data)) as Told;
        if (told.id !== id) return;
        socket.removeEventListener("message", hear);
        if (told.result === undefined) reject(new Error(`${method}: ${String(data)}`));
        else resolve(told.result);
      };
      socket.addEventListener("message", hear);
    });
    socket.send(JSON.stringify({ id, method }));
    return Promise.race([answered, closed]);
  };
  await ask("HeapProfiler.enable");
  return {
    async weigh() {
      // What the first one lets go may free more at the second.
      for (let times = 0; times < 2; times += 1) await ask("HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize } = await ask("Runtime.getHeapUsage");
      return { heap: usedSize!, buffers: backingStorageSize! };
    },
    close: () => socket.close(),
  };
}

interface Told {
  readonly id?: number;
  readonly result?: Record<string, number>;
}

const mostLooks = 300;

async function findInspector(up: Up): Promise<string> {
  for (let looks = 0; looks < mostLooks; looks += 1) {
    const found = /ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+/.exec(up.log());
    if (found !== null) return found[0];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`No inspector in: ${up.log()}`);
}
