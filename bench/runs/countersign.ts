import { createRandomPool } from "../../src/gate/intent-template.ts";
import type { advance } from "../../src/run/advance.ts";
import { createRunDesk } from "../../src/run/desk.ts";
import { createRuntime } from "./engine-runtime.ts";
import { obey } from "./obey.ts";
import { benchTenant as tenant, openBase } from "./open-base.ts";
import type { Start } from "./orders.ts";
import { createPlainModels, plainBundle, plainCatalog } from "./plan.ts";
import { createPlainGate } from "./plain-gate.ts";
import type { Meter, Runtime } from "./runtime.ts";
import { taskKindOf } from "../../test/simulation/task-kind.ts";

/** Store, wake, engine and desk, wired as the server does it; the model and the gate are plain ones. */
async function open({ urls: [url], isBeside = false }: Start, meter: Meter): Promise<Runtime> {
  const opened = await openBase({ url: url!, isAlone: !isBeside });
  const { wake, keys } = opened;
  const base = {
    ...opened.base,
    bundles: () => ({
      build: async () => plainBundle,
      read: async () => plainBundle,
      readFile: async () => null,
    }),
  };
  const { random } = base;
  const models = createPlainModels(meter);
  const gate = createPlainGate({
    ...base,
    key: await keys.of(tenant),
    random: createRandomPool((length) => random.bytes(length)),
    meter,
    idOf: (request) => request.run!.run,
  });
  const engine = {
    ...base,
    gate,
    catalog: () => plainCatalog,
    models: () => models,
    freezes: { check: () => undefined },
    onMoved: () => undefined,
    taskKindOf,
  } satisfies Parameters<typeof advance>[0];
  return createRuntime({ engine, wake, desk: createRunDesk(engine), tenant });
}

await obey(open);
