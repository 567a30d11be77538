import { expect, test } from "vitest";
import { SecretValue } from "../../ports/secrets.ts";
import { compileBoundPlaces } from "./bound-place.ts";

const bind = (name: string, placeholder: string, value: string, place = "api.example.com:443") => ({
  name,
  place,
  placeholder,
  secret: new SecretValue(value),
});
const swap = (line: string, ...credentials: readonly ReturnType<typeof bind>[]) => {
  const place = compileBoundPlaces(credentials).get("api.example.com:443")!;
  const { fields, ...rest } = place.swap([{ name: "X-Key", value: line }]);
  return { value: fields[0]!.value, ...rest };
};
const [one, other] = [bind("ONE", "hold-1", "first"), bind("OTHER", "hold-2", "second $& $1")];

test("each placeholder stands for its own secret, wherever it is and however often", () => {
  expect(swap("a hold-1,hold-2;hold-1", one, other)).toEqual({
    value: "a first,second $& $1;first",
    names: ["ONE", "OTHER"],
    unsayable: ["first", "second $& $1"],
  });
  expect(swap("nothing", one, other)).toMatchObject({ value: "nothing", names: [] });
});

test("within Basic it is the user or the password, and what was made of it is unsayable, too", () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  const made = Buffer.from("first:second $& $1").toString("base64");
  expect(swap(basic("hold-1:hold-2"), one, other)).toEqual({
    value: `Basic ${made}`,
    names: ["ONE", "OTHER"],
    unsayable: ["first", "second $& $1", made],
  });
  expect(swap("Basic !!!", one).value).toBe("Basic !!!");
  expect(swap(`Bearer ${Buffer.from("hold-1").toString("base64")}`, one).names).toEqual([]);
});

test("a place is the same however a rule writes it", () => {
  const places = compileBoundPlaces([
    one,
    bind("THIRD", "hold-3", "third", "api.example.com:0443"),
    bind("FOURTH", "hold-4", "fourth", "api.example.com:8443"),
  ]);
  expect([...places.keys()]).toEqual(["api.example.com:443", "api.example.com:8443"]);
});

test("space around a secret is not sent", () => {
  expect(swap("Bearer hold-1", bind("ONE", "hold-1", " first\n")).value).toBe("Bearer first");
});
