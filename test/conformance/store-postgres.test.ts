import { usePostgres } from "../postgres.ts";
import { makePostgresStore } from "./postgres-store-under-test.ts";
import { describeStore } from "./store.ts";

const postgres = usePostgres();

describeStore("embedded Postgres", async () => makePostgresStore(await postgres.freshDatabase()));
