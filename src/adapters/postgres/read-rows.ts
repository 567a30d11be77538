import type pg from "pg";
import { asked } from "./database.ts";

/** A prepared statement: what its rows are. */
export type ReadRows = <Row extends pg.QueryResultRow>(
  name: string,
  text: string,
  values: unknown[],
) => Promise<readonly Row[]>;

export function createReadRows(pool: pg.Pool): ReadRows {
  return async <Row extends pg.QueryResultRow>(name: string, text: string, values: unknown[]) =>
    (await asked(pool.query<Row>({ name, text, values }))).rows;
}
