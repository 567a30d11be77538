import { expect, test } from "vitest";
import { toPlace } from "../../src/adapters/webauthn/to-place.ts";

const listened = "http://127.0.0.1:7070";

test.each([
  [undefined, listened, "localhost", "http://localhost:7070"],
  [undefined, "https://127.0.0.1:8443", "localhost", "https://localhost:8443"],
  [undefined, "http://[::1]:80", "localhost", "http://localhost"],
  [undefined, "http://0.0.0.0:7070", "localhost", "http://localhost:7070"],
  ["https://gate.example.com", listened, "gate.example.com", "https://gate.example.com"],
  ["https://gate.example.com:8443", listened, "gate.example.com", "https://gate.example.com:8443"],
  ["http://localhost:9000", listened, "localhost", "http://localhost:9000"],
  ["http://127.0.0.1:9000", listened, "localhost", "http://localhost:9000"],
  ["http://127.3.2.1:9000", listened, "localhost", "http://localhost:9000"],
  ["https://[::1]:9000", listened, "localhost", "https://localhost:9000"],
  // A name that begins like an address is a name.
  [
    "https://127.0.0.1.example.com",
    listened,
    "127.0.0.1.example.com",
    "https://127.0.0.1.example.com",
  ],
] as const)("%s, listening on %s: passkeys are for %s", (publicUrl, url, name, origin) => {
  expect(toPlace(publicUrl, url)).toEqual({ name, origin });
});

test.each(["https://10.0.0.1", "https://192.0.2.1:8443", "https://[2001:db8::1]"])(
  "%s: browsers keep none for an address",
  (publicUrl) => {
    expect(toPlace(publicUrl, listened)).toBeNull();
  },
);
