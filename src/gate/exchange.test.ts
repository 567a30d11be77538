import { expect, test } from "vitest";
import { makeDecided, makeRequest } from "../../test/made-up-call.ts";
import { Fault } from "../model/index.ts";
import type { AdmittedCall, Opened } from "./call.ts";
import { createExchange, type ExchangeOptions } from "./exchange.ts";
import { createWords } from "./words.ts";

const value = { resultType: "input_required", inputRequests: {} };
const asking = {
  kind: "answered",
  answer: { kind: "result", text: JSON.stringify(value), value },
  endpoint: "here",
  era: "modern",
} as const;

test("what a server has asked about, it has received, whatever becomes of the next round", async () => {
  const frozen = new Fault("frozen", "It is frozen.");
  for (const rounds of [0, 1]) {
    let round = 0;
    const dispatch = async () => {
      if (round++ < rounds) return asking;
      throw frozen;
    };
    const exchange = createExchange({ dispatch } as unknown as ExchangeOptions);
    const call = { ...makeDecided(), queuedUs: 0 } as unknown as AdmittedCall;
    const noted = { credential: null, sandbox: null, isUnsent: false, wasReceived: false };
    const words = createWords(() => undefined);
    const { notAfterMs } = call;
    const opened = { call, of: null, extra: "", noted, words, life: { notAfterMs } };
    const { cancel, client, onNotification } = makeRequest();
    const attached = {
      client: { ...client, era: "legacy" as const },
      cancel,
      onNotification,
      notAfterMs,
      onWaiting: () => Promise.resolve(),
    };
    await expect(exchange.begin(opened as unknown as Opened, attached)).rejects.toBe(frozen);
    expect(noted.wasReceived).toBe(rounds > 0);
  }
});
