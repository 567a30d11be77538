import { expect } from "vitest";
import type { Attempt } from "./attempt.ts";

/** Processes of the host and of other sandboxes. */
export const others: readonly Attempt[] = [
  {
    name: "processes: only its own are listed",
    guards: "host",
    program: String.raw`
look("numbers", lambda: sorted(int(name) for name in os.listdir("/proc") if name.isdigit()))
look("own", lambda: os.getpid())
attempt("the bystander's folder", lambda: os.listdir("/proc/%d/task" % place["bystander"]))
`,
    getsOutside: ["the bystander's folder"],
    check: ({ report }) => {
      const numbers = report.seen["numbers"] as number[];
      expect(numbers).toContain(report.seen["own"]);
      expect(numbers.length).toBeLessThanOrEqual(6);
    },
  },
  {
    name: "processes: reach one of the host by its number",
    guards: "host",
    getsOutside: ["ask for it", "a descriptor of it", "its descriptors"],
    program: String.raw`
number = place["bystander"]
attempt("ask for it", lambda: os.kill(number, 0))
attempt("a descriptor of it", lambda: os.pidfd_open(number))
attempt("its descriptors", lambda: os.listdir("/proc/%d/fd" % number))
attempt("its memory", lambda: os.open("/proc/%d/mem" % number, os.O_RDONLY))
attempt("its group", lambda: os.getpgid(number))
`,
  },
  {
    name: "processes: harm one of the host",
    guards: "host",
    program: String.raw`
import resource
number = place["bystander"]
for each in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
    attempt("signal %d" % each, lambda: os.kill(number, each))
    attempt("signal %d to its group" % each, lambda: os.killpg(number, each))
attempt("its limits", lambda: resource.prlimit(number, resource.RLIMIT_CPU, (1, 1)))
attempt("its priority", lambda: os.setpriority(os.PRIO_PROCESS, number, 19))
attempt("its processors", lambda: os.sched_setaffinity(number, [0]))
attempt("its schedule", lambda: os.sched_setscheduler(number, os.SCHED_IDLE, os.sched_param(0)))
`,
  },
  {
    name: "processes: signal all that there are",
    guards: "host",
    program: String.raw`
look("everybody", lambda: os.kill(-1, signal.SIGKILL))
for number in range(1, 4096):
    if number == os.getpid():
        continue
    try:
        os.kill(number, signal.SIGKILL)
    except OSError:
        pass
attempt("somebody of the host", lambda: os.kill(place["bystander"], signal.SIGKILL))
`,
  },
  {
    name: "processes: end the first one",
    guards: "host",
    // Where it is that one itself, it ends by it.
    mayEnd: true,
    program: String.raw`
tell()
look("first", lambda: os.kill(1, signal.SIGKILL))
look("by descriptor", lambda: signal.pidfd_send_signal(os.pidfd_open(1), signal.SIGKILL))
time.sleep(0.2)
`,
  },
];
