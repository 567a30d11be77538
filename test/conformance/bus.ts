import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Bus } from "../../src/ports/bus.ts";
import { hintBytes } from "../../src/ports/hint.ts";

export interface BusUnderTest {
  /** Another replica's end of the same bus. */
  open(): Promise<Bus>;
  /** Breaks every connection, or does what a break does to subscribers. */
  interrupt(): Promise<void>;
  close(): Promise<void>;
}

/** The behaviour of the Bus port, for every adapter and for its twin. */
export function describeBus(name: string, make: () => Promise<BusUnderTest>): void {
  describe(`Bus: ${name}`, () => {
    let under: BusUnderTest;
    let [here, there]: Bus[] = [];
    beforeAll(async () => {
      under = await make();
      [here, there] = [await under.open(), await under.open()];
    });
    afterAll(async () => {
      await Promise.all([here?.close(), there?.close()]);
      await under?.close();
    });

    /** What a subscriber hears, polls left out. */
    async function listen(bus: Bus, channel: string) {
      const heard: string[] = [];
      const unsubscribe = await bus.subscribe(channel, (payload) => {
        if (payload !== null) heard.push(payload);
      });
      return { heard, unsubscribe };
    }

    test("a hint reaches every subscriber of its channel, here and there", async () => {
      const ears = [
        await listen(here!, "news"),
        await listen(here!, "news"),
        await listen(there!, "news"),
      ];
      const other = await listen(there!, "other");
      await here!.publish("news", "one");
      await vi.waitFor(() =>
        expect(ears.map((ear) => ear.heard)).toEqual([["one"], ["one"], ["one"]]),
      );
      expect(other.heard).toEqual([]);
      await Promise.all([...ears, other].map((ear) => ear.unsubscribe()));
    });

    test("a thousand at once arrive whole and in order", async () => {
      const { heard, unsubscribe } = await listen(there!, "many");
      const sent = Array.from(
        { length: 1_000 },
        (_, index) => `${index} ${"é€😀 12:34:".repeat(3)}`,
      );
      await Promise.all(sent.map((payload) => here!.publish("many", payload)));
      await vi.waitFor(() => expect(heard).toHaveLength(sent.length));
      expect(heard).toEqual(sent);
      await unsubscribe();
    });

    test("carries an empty hint and the longest one, and refuses a longer one", async () => {
      const { heard, unsubscribe } = await listen(there!, "sizes");
      const longest = "x".repeat(hintBytes);
      await here!.publish("sizes", "");
      await here!.publish("sizes", longest);
      await vi.waitFor(() => expect(heard).toEqual(["", longest]));
      for (const payload of [`${longest}x`, "é".repeat(hintBytes / 2 + 1)]) {
        await expect(here!.publish("sizes", payload)).rejects.toMatchObject({
          code: "payload_too_large",
        });
      }
      for (const [channel, payload] of [
        ["Sizes", "a"],
        ["", "a"],
        ["sizes", "\0"],
        ["sizes", "\ud800"],
      ]) {
        await expect(here!.publish(channel!, payload!)).rejects.toMatchObject({
          code: "payload_invalid",
        });
      }
      await unsubscribe();
    });

    test("who unsubscribed hears nothing, and one that throws does not silence others", async () => {
      const gone = await listen(there!, "quiet");
      await gone.unsubscribe();
      const stop = await there!.subscribe("quiet", () => {
        throw new Error("of the subscriber");
      });
      const ear = await listen(there!, "quiet");
      await here!.publish("quiet", "psst");
      await vi.waitFor(() => expect(ear.heard).toEqual(["psst"]));
      expect(gone.heard).toEqual([]);
      await Promise.all([stop(), ear.unsubscribe()]);
    });

    test("subscribers are told when something may have been missed, and hear again", async () => {
      const heard: (string | null)[] = [];
      const stop = await there!.subscribe("breaks", (payload) => heard.push(payload));
      await under.interrupt();
      await vi.waitFor(() => expect(heard).toContain(null), { timeout: 5_000 });
      await vi.waitFor(
        async () => {
          await here!.publish("breaks", "again");
          expect(heard).toContain("again");
        },
        { timeout: 10_000, interval: 50 },
      );
      await stop();
    });

    test("a closed one refuses", async () => {
      const bus = await under.open();
      await bus.close();
      await expect(bus.publish("news", "late")).rejects.toMatchObject({ code: "draining" });
    });
  });
}
