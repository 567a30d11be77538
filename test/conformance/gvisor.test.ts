import { noGroupPlaces } from "../../src/adapters/sandboxes/host/group-places.ts";
import { createGvisorUnderTest, findLeft } from "./gvisor-under-test.ts";
import { describeSandboxOfHost } from "./sandbox-of-host.ts";
import { describeSandbox } from "./sandbox.ts";

const nodePath = process.execPath;
const whole = createGvisorUnderTest();
const probe = await whole.probe();
describeSandbox("gvisor", { driver: whole, probe, nodePath, findLeft });

const bare = createGvisorUnderTest({ findGroups: () => noGroupPlaces });
describeSandbox("gvisor without groups", {
  driver: bare,
  probe: await bare.probe(),
  nodePath,
  findLeft,
});

describeSandboxOfHost("gvisor", {
  isUsable: probe.kind === "usable",
  create: createGvisorUnderTest,
  findLeft,
});
