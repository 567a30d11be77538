import { describeErrands } from "./errands.ts";
import { createGvisorUnderTest, findLeft } from "./gvisor-under-test.ts";

await describeErrands({ driver: createGvisorUnderTest(), findLeft });
