import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { obey } from "./obey.ts";
import type { Start } from "./orders.ts";
import {
  loadRuntime,
  stepsPerFlow,
  stepText,
  tickMs,
  type Meter,
  type Runtime,
} from "./runtime.ts";

/** What is used of `@restatedev/restate-sdk` and its clients, as the documentation does. */
interface Restate {
  service(definition: object): object;
  createEndpointHandler(options: {
    readonly services: readonly object[];
  }): (request: Http2ServerRequest, response: Http2ServerResponse) => void;
}

interface Context {
  run<Result>(name: string, step: () => Promise<Result>): Promise<Result>;
  awakeable<Value>(): { readonly id: string; readonly promise: Promise<Value> };
}

interface Clients {
  connect(options: { readonly url: string }): Ingress;
}

interface Ingress {
  serviceClient(of: { readonly name: string }): {
    twenty(id: string): Promise<void>;
  };
  serviceSendClient(of: { readonly name: string }): {
    waiting(id: string): Promise<unknown>;
    ticking(): Promise<unknown>;
  };
  resolveAwakeable(id: string, payload: string): Promise<void>;
}

const restate = await loadRuntime<Restate>("@restatedev/restate-sdk");
const clients = await loadRuntime<Clients>("@restatedev/restate-sdk-clients");
const name = "bench";

async function open({ urls, port }: Start, meter: Meter): Promise<Runtime> {
  const [admin, ingressUrl] = urls as readonly [string, string];
  const awakeables = new Map<string, string>();
  const parked = new Map<string, () => void>();
  const service = restate.service({
    name,
    handlers: {
      async twenty(context: Context, id: string) {
        for (let at = 0; at < stepsPerFlow; at += 1) {
          await context.run("step", async () => {
            meter.stepped(id);
            return `${at} ${stepText}`;
          });
        }
      },
      async waiting(context: Context, id: string) {
        const { id: awakeable, promise } = context.awakeable<string>();
        awakeables.set(id, awakeable);
        parked.get(id)?.();
        await promise;
        meter.wentOn(id);
      },
      async ticking(context: Context) {
        for (;;) {
          await context.run("tick", async () => {
            await sleep(tickMs);
            meter.ticked();
            return stepText;
          });
        }
      },
    },
  });
  const server = createServer(restate.createEndpointHandler({ services: [service] }));
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await register(admin, port);
  const ingress = clients.connect({ url: ingressUrl });
  const caller = ingress.serviceClient({ name });
  const sender = ingress.serviceSendClient({ name });
  return {
    flow: (_flow, id) => caller.twenty(id),
    async park(id) {
      const { promise, resolve } = Promise.withResolvers<void>();
      parked.set(id, resolve);
      await sender.waiting(id);
      await promise;
      parked.delete(id);
    },
    signal(id) {
      const awakeable = awakeables.get(id)!;
      awakeables.delete(id);
      return ingress.resolveAwakeable(awakeable, "now");
    },
    tick: async () => void (await sender.ticking()),
  };
}

/** Once: a worker that comes back is known. */
async function register(admin: string, port: number): Promise<void> {
  const uri = `http://127.0.0.1:${port}`;
  const answer = await fetch(`${admin}/deployments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ uri }),
  });
  if (!answer.ok && answer.status !== 409)
    throw new Error(`Restate does not take the worker: ${answer.status} ${await answer.text()}`);
}

await obey(open);
