import { createDriverUnderTest } from "./conformance/bubblewrap-under-test.ts";
import { noGroupPlaces } from "../src/adapters/bubblewrap/group-places.ts";
import { plainSpec } from "./conformance/sandbox-spec.ts";

/** A server with three sandboxes, which is killed; it says when they are up. */
const driver = createDriverUnderTest(
  process.argv[2] === "without-groups" ? { findGroups: () => noGroupPlaces } : {},
);
const script = "setsid sleep 600 & echo up; sleep 600";
for (let index = 0; index < 3; index += 1) {
  const sandbox = await driver.start({ ...plainSpec, command: ["sh", "-c", script] });
  await new Promise((resolve) => sandbox.stdout.once("data", resolve));
}
console.log("up");
