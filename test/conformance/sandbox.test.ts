import { noGroupPlaces } from "../../src/adapters/sandboxes/host/group-places.ts";
import { createDriverUnderTest, findLeft } from "./bubblewrap-under-test.ts";
import { describeSandboxOfHost } from "./sandbox-of-host.ts";
import { describeSandbox } from "./sandbox.ts";

const nodePath = process.execPath;
const whole = createDriverUnderTest();
const probe = await whole.probe();
describeSandbox("bubblewrap", { driver: whole, probe, nodePath, findLeft });

const bare = createDriverUnderTest({ findGroups: () => noGroupPlaces });
describeSandbox("bubblewrap without groups", {
  driver: bare,
  probe: await bare.probe(),
  nodePath,
  findLeft,
});

describeSandboxOfHost("bubblewrap", {
  isUsable: probe.kind === "usable",
  create: createDriverUnderTest,
  findLeft,
});
