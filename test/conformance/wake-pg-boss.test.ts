import { usePostgres } from "../postgres.ts";
import { makePostgresWorld } from "../wake/worlds.ts";
import { describeWake } from "./wake.ts";

const postgres = usePostgres();

describeWake("pg-boss", async () => makePostgresWorld(await postgres.freshDatabase()));
