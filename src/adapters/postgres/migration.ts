/** One step of the schema; its text is SQL. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}
