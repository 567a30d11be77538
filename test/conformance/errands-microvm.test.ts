import { describeErrands } from "./errands.ts";
import { createQemuUnderTest, findLeft } from "./microvm-under-test.ts";

await describeErrands({ driver: createQemuUnderTest(), findLeft });
