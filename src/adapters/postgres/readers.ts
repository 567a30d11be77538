import type pg from "pg";
import { Fault } from "../../model/index.ts";

/** Connections for reads alone: they are sent one behind the other, and none waits for an answer. */
export interface Readers {
  /** For a statement by itself that neither locks nor writes. */
  query<Row extends pg.QueryResultRow>(config: pg.QueryConfig): Promise<pg.QueryResult<Row>>;
  end(): Promise<void>;
}

/** A long page on one of them does not hold up what is read on the other. */
const readerCount = 2;
/** A second of full load; who brings more is told to come again. */
const mostWaiting = 10_000;

interface Reader {
  /** Of the connection that is open, or being opened; null: it is made when it is needed. */
  client: Promise<pg.Client> | null;
  waiting: number;
}

/**
 * A pool lends a connection until its answer has come here. Where much goes on, that takes far longer
 * than the read, and all others wait for it.
 */
export function createReaders(open: () => Promise<pg.Client>): Readers {
  const readers = Array.from({ length: readerCount }, (): Reader => ({ client: null, waiting: 0 }));
  let isEnded = false;

  function connect(reader: Reader): Promise<pg.Client> {
    const opening = open();
    reader.client = opening;
    const forget = (): void => {
      if (reader.client === opening) reader.client = null;
    };
    opening.then((client) => client.once("end", forget).once("error", forget), forget);
    return opening;
  }

  return {
    async query(config) {
      if (isEnded) throw new Fault("draining", "The store is closed");
      const reader = readers.reduce((one, other) => (other.waiting < one.waiting ? other : one));
      if (reader.waiting >= mostWaiting)
        throw new Fault("store_busy", `${mostWaiting} reads are waiting`);
      reader.waiting += 1;
      try {
        const client = await (reader.client ?? connect(reader));
        return await client.query(config);
      } finally {
        reader.waiting -= 1;
      }
    },
    async end() {
      isEnded = true;
      await Promise.allSettled(readers.map(async ({ client }) => (await client)?.end()));
    },
  };
}
