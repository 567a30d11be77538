import { createDriverUnderTest } from "./conformance/bubblewrap-under-test.ts";
import { createGvisorUnderTest } from "./conformance/gvisor-under-test.ts";
import { plainSpec } from "./conformance/sandbox-spec.ts";
import { noGroupPlaces } from "../src/adapters/sandboxes/host/group-places.ts";

/** A server with three sandboxes, which is killed; it says when they are up. */
const [, , name, kind] = process.argv;
const options = kind === "without-groups" ? { findGroups: () => noGroupPlaces } : {};
const create = name === "gvisor" ? createGvisorUnderTest : createDriverUnderTest;
const driver = create(options);
const script = "setsid sleep 600 & echo up; sleep 600";
for (let index = 0; index < 3; index += 1) {
  const sandbox = await driver.start({ ...plainSpec, command: ["sh", "-c", script] });
  await new Promise((resolve) => sandbox.stdout.once("data", resolve));
}
console.log("up");
