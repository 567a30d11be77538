import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { checkCaller } from "./check-caller.ts";

const rule = { allowedHosts: ["agents.example.com"], allowedOrigins: [] };

function check(host: string, localAddress: string): void {
  const incoming = { rawHeaders: ["Host", host], socket: { localAddress } };
  checkCaller(incoming as unknown as IncomingMessage, rule);
}

test.each([
  ["10.1.2.3:7070", "10.1.2.3"],
  ["10.1.2.3", "::ffff:10.1.2.3"],
  ["[fd00::7]:7070", "fd00::7"],
  ["agents.example.com:443", "10.1.2.3"],
])("%s may be called at %s", (host, address) => {
  expect(() => check(host, address)).not.toThrow();
});

test.each([
  ["10.1.2.4:7070", "10.1.2.3"],
  ["10.1.2.3.example.com", "10.1.2.3"],
  ["[fd00::8]", "fd00::7"],
  ["", "10.1.2.3"],
])("%s may not be called at %s", (host, address) => {
  expect(() => check(host, address)).toThrow("does not name this server");
});
