import { expect, test } from "vitest";
import { callCli } from "../../test/call-cli.ts";
import { Fault } from "../model/fault.ts";
import type { SandboxSetup, SetupEnd } from "./context.ts";

function toSetup(end: SetupEnd | Fault): SandboxSetup & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    lines: ["It fetches 7 MB from there.", "It goes here."],
    carryOut: async (onStep) => {
      asked.push("carried out");
      onStep("fetching\u001b[2J");
      if (end instanceof Fault) throw end;
      return end;
    },
  };
}

const ready: SetupEnd = {
  kind: "ready",
  tier: "T2",
  made: ["runsc 1 is at /bin/runsc"],
  evidence: ["it has no network but loopback"],
};

test("it says what it would do, does it, and says what the canary saw", async () => {
  const setup = toSetup(ready);
  const { code, out, err } = await callCli("sandbox setup gvisor --yes", { setup });
  expect(code).toBe(0);
  expect(err.split("\n").slice(0, 2)).toEqual(setup.lines);
  expect(err).not.toContain("\u001b");
  expect(out).toBe(
    "gvisor is usable: tier T2\n  runsc 1 is at /bin/runsc\n  it has no network but loopback\n" +
      "A server that runs finds it when it starts again.\n",
  );
});

test("without --yes and without a person nothing is done", async () => {
  for (const line of ["sandbox setup gvisor", "sandbox setup gvisor --json"]) {
    const setup = toSetup(ready);
    const { code, err } = await callCli(line, { setup, isInteractive: line.endsWith("json") });
    expect([code, setup.asked]).toEqual([2, []]);
    expect(err).toContain("say --yes");
  }
});

test.each<[readonly string[], string]>([
  [[], "gvisor: nothing was set up\n"],
  [["runsc 1 is at /bin/runsc"], "gvisor: set up, and not usable\n  runsc 1 is at /bin/runsc\n"],
])("what is not usable is a failure, with what mends it (made: %o)", async (made, head) => {
  const refused = { kind: "refused", reason: "there is no apt", fix: "sudo mend", made } as const;
  const { code, out } = await callCli("sandbox setup gvisor --yes", { setup: toSetup(refused) });
  expect([code, out]).toEqual([1, `${head}  there is no apt\n  sudo mend\n`]);
});

test("for programs it is one object", async () => {
  const { code, json } = await callCli("sandbox setup gvisor --yes --json", {
    setup: toSetup(ready),
  });
  expect(code).toBe(0);
  expect(json()).toEqual({ driver: "gvisor", ...ready });
});

test("a failure has the exit code of its fault", async () => {
  const setup = toSetup(new Fault("setup_failed", "There is no space left."));
  const { code, err } = await callCli("sandbox setup qemu --yes", { setup });
  expect(code).toBe(1);
  expect(err).toContain("error There is no space left.");
});
