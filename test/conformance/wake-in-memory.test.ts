import { makeInMemoryWorld } from "../wake/worlds.ts";
import { describeWake } from "./wake.ts";

describeWake("in memory", makeInMemoryWorld);
