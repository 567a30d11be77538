import { Pool } from "undici";

/** A client that sends the same call over and over on so many connections, and times each. */
export interface Load {
  /** Times of each call in milliseconds, sorted. */
  run(
    calls: number,
    connections: number,
  ): Promise<{ readonly times: Float64Array; readonly seconds: number }>;
  /** At a steady rate, for as long as is said; a call that would begin late begins at once. */
  keep(pace: Pace): Promise<{ readonly calls: number; readonly times: Float64Array }>;
  close(): Promise<void>;
}

export interface Pace {
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface LoadTarget {
  readonly origin: string;
  /** `/mcp` when absent. */
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export function createLoad({ origin, path = "/mcp", headers, body }: LoadTarget): Load {
  const pool = new Pool(origin, { connections: 256, pipelining: 1, headersTimeout: 20_000 });
  // Requests of one session are told apart by their ids.
  const [before, after] = body.split('"id":1,');
  let nextId = 1;

  function once(): Promise<void> {
    return new Promise((resolve, reject) => {
      let status = 0;
      const chunks: Buffer[] = [];
      pool.dispatch(
        {
          method: "POST",
          path,
          headers: headers as Record<string, string>,
          body: after === undefined ? body : `${before}"id":${nextId++},${after}`,
        },
        {
          onRequestStart: () => undefined,
          onResponseStart: (_controller, given) => void (status = given),
          onResponseData: (_controller, chunk) => void chunks.push(chunk),
          onResponseEnd: () => {
            const text = Buffer.concat(chunks).toString();
            if (status === 200 && text.includes('"ok"')) resolve();
            else reject(new Error(`${status}: ${text.slice(0, 300)}`));
          },
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
  }

  return {
    async run(calls, connections) {
      const times = new Float64Array(calls);
      let next = 0;
      const startedMs = performance.now();
      const worker = async (): Promise<void> => {
        while (next < calls) {
          const index = next++;
          const sentMs = performance.now();
          await once();
          times[index] = performance.now() - sentMs;
        }
      };
      await Promise.all(Array.from({ length: connections }, worker));
      return { times: times.sort(), seconds: (performance.now() - startedMs) / 1_000 };
    },
    async keep({ perSecond, seconds, connections }) {
      const total = perSecond * seconds;
      const times = new Float64Array(total);
      const startedMs = performance.now();
      let next = 0;
      const worker = async (): Promise<void> => {
        while (next < total) {
          const index = next++;
          const dueMs = startedMs + (index / perSecond) * 1_000;
          const aheadMs = dueMs - performance.now();
          if (aheadMs > 1) await new Promise((resolve) => setTimeout(resolve, aheadMs));
          const sentMs = performance.now();
          await once();
          times[index] = performance.now() - sentMs;
        }
      };
      await Promise.all(Array.from({ length: connections }, worker));
      return { calls: total, times: times.sort() };
    },
    close: () => pool.destroy(),
  };
}
