import { createDriverUnderTest, findLeft } from "./bubblewrap-under-test.ts";
import { describeErrands } from "./errands.ts";

await describeErrands({ driver: createDriverUnderTest(), findLeft });
