import { makeInMemoryStore } from "./in-memory-store-under-test.ts";
import { describeStore } from "./store.ts";

describeStore("in memory", makeInMemoryStore);
