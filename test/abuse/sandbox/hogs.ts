import { expect } from "vitest";
import type { Attempt, EndedAttempt } from "./attempt.ts";

const mebibyte = 1024 * 1024;
const seenNumber = ({ report }: EndedAttempt, name: string): number => {
  expect(report.seen[name], name).toBeTypeOf("number");
  return report.seen[name] as number;
};

/** Taking more than its share. What a program got it tells as it goes, since it may not live to the end. */
export const hogs: readonly Attempt[] = [
  {
    name: "memory: take all of it",
    guards: "host",
    needs: "memoryBytes",
    mayEnd: true,
    program: String.raw`
held = []
for count in range(2048):
    try:
        held.append(bytearray(os.urandom(4096) * 256))
    except MemoryError:
        break
    report["seen"]["mebibytes"] = count
    if count % 8 == 0:
        tell()
`,
    check: (ended) => {
      expect(seenNumber(ended, "mebibytes") * mebibyte).toBeLessThanOrEqual(
        ended.limits.memoryBytes,
      );
      expect(ended.end.usage.memoryKills ?? 1, "it is told").toBeGreaterThan(0);
    },
  },
  {
    name: "memory: by many processes together",
    guards: "host",
    needs: "memoryBytes",
    limits: { memoryBytes: 256 * mebibyte },
    mayEnd: true,
    program: String.raw`
def hog(end):
    held = []
    try:
        for count in range(64):
            held.append(bytearray(os.urandom(4096) * 256))
            os.write(end, b"x")
            # So that whoever counts has its turn, too.
            time.sleep(0.05)
    except MemoryError:
        pass
    time.sleep(1)
    os._exit(0)
read_end, write_end = os.pipe()
for count in range(10):
    try:
        if os.fork() == 0:
            hog(write_end)
    except OSError:
        pass
os.close(write_end)
total = 0
while True:
    chunk = os.read(read_end, 4096)
    if not chunk:
        break
    total += len(chunk)
    report["seen"]["mebibytes"] = total
    tell()
`,
    // One that was ended gives back what it had, and another takes it: what counts is the peak.
    check: ({ end, limits, report }) => {
      expect(report.seen["mebibytes"]).toBeGreaterThan(0);
      const peak = end.usage.memoryPeakBytes;
      // What the kernel is ending already may take some more pages, so that it can end.
      if (peak !== null) expect(peak).toBeLessThanOrEqual(limits.memoryBytes + mebibyte);
    },
  },
  {
    name: "memory: locked, and in files without a name",
    guards: "host",
    needs: "memoryBytes",
    mayEnd: true,
    program: String.raw`
report["seen"]["mebibytes"] = 0
file = os.memfd_create("hog")
block = os.urandom(65536) * 16
for count in range(512):
    try:
        os.write(file, block)
    except OSError:
        break
    report["seen"]["mebibytes"] = count
    tell()
`,
    check: (ended) =>
      expect(seenNumber(ended, "mebibytes") * mebibyte).toBeLessThanOrEqual(
        ended.limits.memoryBytes,
      ),
  },
  {
    name: "processes: as many as it can fork",
    guards: "host",
    needs: "processes",
    limits: { memoryBytes: 512 * mebibyte },
    program: String.raw`
count = 0
while count < 400:
    try:
        child = os.fork()
    except OSError as error:
        report["refused"]["one more"] = why(error)
        break
    if child == 0:
        time.sleep(30)
        os._exit(0)
    count += 1
report["seen"]["started"] = count
`,
    check: (ended) => {
      expect(seenNumber(ended, "started")).toBeLessThanOrEqual(ended.limits.processes);
      expect(ended.report.refused["one more"]).toBe("EAGAIN");
      expect(ended.end.usage.refusedProcesses ?? 1, "it is told").toBeGreaterThan(0);
    },
  },
  {
    name: "processes: as many threads as it can start",
    guards: "host",
    needs: "processes",
    program: String.raw`
import threading
threading.stack_size(65536)
count = 0
while count < 400:
    try:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    except RuntimeError:
        report["refused"]["one more"] = "RuntimeError"
        break
    count += 1
report["seen"]["started"] = count
tell()
os._exit(0)
`,
    check: (ended) => {
      expect(seenNumber(ended, "started")).toBeLessThanOrEqual(ended.limits.processes);
      expect(ended.report.refused).toHaveProperty("one more");
    },
  },
  {
    name: "processes: as many as it can start and leave dead",
    guards: "host",
    needs: "processes",
    program: String.raw`
count = 0
while count < 400:
    try:
        if os.fork() == 0:
            os._exit(0)
    except OSError as error:
        report["refused"]["one more"] = why(error)
        break
    count += 1
report["seen"]["started"] = count
`,
    check: (ended) =>
      expect(seenNumber(ended, "started")).toBeLessThanOrEqual(ended.limits.processes),
  },
  {
    name: "disk: fill its scratch",
    guards: "host",
    needs: "scratchBytes",
    program: String.raw`
total = 0
block = os.urandom(65536) * 16
with open("filled", "wb", buffering=0) as file:
    while total < 512 << 20:
        try:
            total += file.write(block)
        except OSError as error:
            report["refused"]["one more"] = why(error)
            break
report["seen"]["bytes"] = total
`,
    check: (ended) => {
      expect(seenNumber(ended, "bytes")).toBeLessThanOrEqual(ended.limits.scratchBytes);
      expect(ended.report.refused).toHaveProperty("one more");
    },
  },
  {
    name: "disk: fill whatever else it may write to",
    guards: "host",
    needs: "scratchBytes",
    mayEnd: true,
    program: String.raw`
block = os.urandom(65536) * 16
report["seen"]["bytes"] = 0
def fill(folder):
    total = 0
    with open(folder + "/filled-%d" % os.getpid(), "wb", buffering=0) as file:
        while total < 512 << 20:
            try:
                written = file.write(block)
            except OSError as error:
                report["refused"][folder] = why(error)
                return
            total += written
            report["seen"]["bytes"] += written
            if report["seen"]["bytes"] % (4 << 20) == 0:
                tell()
    report["got"][folder] = total
for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/run/lock", "/dev", "/dev/mqueue", "/etc", "/", "/proc/self", os.path.expanduser("~"), here):
    try:
        fill(folder)
    except OSError as error:
        report["refused"][folder] = why(error)
`,
    check: (ended) =>
      expect(seenNumber(ended, "bytes")).toBeLessThanOrEqual(
        ended.limits.scratchBytes + ended.limits.memoryBytes,
      ),
  },
  {
    name: "disk: more files than there is room for",
    guards: "host",
    needs: "memoryBytes",
    mayEnd: true,
    program: String.raw`
report["seen"]["files"] = 0
# Some kernels make them so slowly that memory would last for minutes.
end = time.monotonic() + 6
for count in range(400000):
    if time.monotonic() > end:
        break
    try:
        os.close(os.open("file-%d" % count, os.O_CREAT | os.O_WRONLY))
    except OSError as error:
        report["refused"]["one more"] = why(error)
        break
    report["seen"]["files"] = count
    if count % 1024 == 0:
        tell()
`,
    // Nothing smaller than this stands for a file in the kernel's memory.
    check: (ended) =>
      expect(seenNumber(ended, "files")).toBeLessThanOrEqual(ended.limits.memoryBytes / 512),
  },
  {
    name: "disk: sparse files take no room",
    guards: "host",
    needs: "scratchBytes",
    program: String.raw`
with open("sparse", "wb") as file:
    look("size", lambda: os.ftruncate(file.fileno(), 1 << 40))
    look("blocks", lambda: os.fstat(file.fileno()).st_blocks)
    attempt("room for it", lambda: os.posix_fallocate(file.fileno(), 0, 1 << 33))
`,
    check: ({ report, limits, tier }) => {
      expect(report.refused).toHaveProperty("room for it");
      // gVisor tells a file's length in blocks, whether they are there or not.
      if (tier !== "T2")
        expect(Number(report.seen["blocks"]) * 512).toBeLessThanOrEqual(limits.scratchBytes);
    },
  },
  {
    name: "files: as many open ones as it can",
    guards: "host",
    needs: "openFiles",
    program: String.raw`
count = 3
while count < 5000:
    try:
        os.open("/dev/null", os.O_RDONLY)
    except OSError as error:
        report["refused"]["one more"] = why(error)
        break
    count += 1
report["seen"]["open"] = count
`,
    check: (ended) => {
      expect(seenNumber(ended, "open")).toBeLessThanOrEqual(ended.limits.openFiles);
      expect(ended.report.refused["one more"]).toBe("EMFILE");
    },
  },
  {
    name: "limits: raise its own",
    guards: "host",
    needs: "openFiles",
    program: String.raw`
import resource
def higher(kind, limit):
    try:
        return resource.setrlimit(kind, (limit, limit))
    except ValueError:
        refuse(errno.EPERM)
for name in ("NOFILE", "CORE"):
    kind = getattr(resource, "RLIMIT_" + name)
    hard = resource.getrlimit(kind)[1]
    attempt(name, lambda: higher(kind, hard + 1))
    attempt(name + " to none", lambda: higher(kind, resource.RLIM_INFINITY))
`,
  },
  {
    name: "processor: more than its share",
    guards: "host",
    needs: "cpuMillis",
    limits: { cpuMillis: 200 },
    program: String.raw`
end = time.monotonic() + 1.5
for count in range(3):
    if os.fork() == 0:
        while time.monotonic() < end:
            pass
        os._exit(0)
for count in range(3):
    os.wait()
times = os.times()
report["seen"]["milliseconds"] = round((times.children_user + times.children_system) * 1000)
report["seen"]["wall"] = round((time.monotonic() - end + 1.5) * 1000)
`,
    // What is left over of a period may be used in the next one.
    check: (ended) => {
      const { tier, end, elapsedMs } = ended;
      // gVisor counts the time that a program waits for its turn as well: the host knows better.
      if (tier === "T2" && end.usage.cpuUs !== null)
        return expect(end.usage.cpuUs / 1_000).toBeLessThanOrEqual(0.2 * elapsedMs + 150);
      expect(seenNumber(ended, "milliseconds")).toBeLessThanOrEqual(
        0.2 * seenNumber(ended, "wall") + 150,
      );
    },
  },
];
