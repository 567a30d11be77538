import type { Report } from "./attempt.ts";

/**
 * What every program begins with. Only an answer of the system counts as a refusal: a mistake in a
 * program ends it without a report, and its test fails.
 */
const prelude = String.raw`
import ctypes, errno, glob, json, os, signal, socket, struct, subprocess, sys, time
place = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
report = {"got": {}, "refused": {}, "seen": {}}
here = os.getcwd()
# A sandbox may call its own user 0: to become that one is no step.
another = 1 if os.getuid() == 0 else 0

def refuse(number, text=""):
    raise OSError(number, text)

def why(error):
    return errno.errorcode.get(error.errno) or str(error) or type(error).__name__

def attempt(name, act):
    try:
        report["got"][name] = repr(act())[:500]
    except OSError as error:
        report["refused"][name] = why(error)

def look(name, act):
    try:
        report["seen"][name] = act()
    except OSError as error:
        report["seen"][name] = "refused: " + why(error)

def call(number, *arguments):
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    result = libc.syscall(ctypes.c_long(number), *given)
    if result < 0:
        refuse(ctypes.get_errno())
    return result

def read(path, size=65536):
    with open(path, "rb") as file:
        text = file.read(size)
    if not text:
        refuse(errno.ENODATA, "empty")
    return text.decode("latin1")

def write(path, text):
    with open(path, "wb", buffering=0) as file:
        file.write(text.encode())
    return "written"

def run(*command):
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=8)
    if ended.returncode != 0:
        refuse(errno.EPERM, "ended with %d" % ended.returncode)
    return (ended.stdout + ended.stderr).decode("latin1")

def connect(family, address, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as end:
        end.settimeout(2)
        end.connect(address)
        text = end.recv(200)
    return text.decode("latin1")

def apart(act):
    # In a process of its own, which the attempt may cost its life.
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        except OSError as error:
            os._exit((error.errno or 255) & 255)
        except BaseException:
            os._exit(254)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        refuse(0, signal.Signals(os.WTERMSIG(status)).name)
    if os.WEXITSTATUS(status) == 254:
        raise RuntimeError("a mistake in the attempt")
    if os.WEXITSTATUS(status) != 0:
        refuse(os.WEXITSTATUS(status))
    return "done"

def tell():
    print("\nreport " + json.dumps(report), flush=True)
`;

export function toProgram(program: string): string {
  return `${prelude}\n${program}\ntell()\n`;
}

/** The last one that it told; null: it ended before it could, or said something else. */
export function parseReport(output: string): Report | null {
  const line = output.split("\n").findLast((each) => each.startsWith("report "));
  return line === undefined ? null : (JSON.parse(line.slice("report ".length)) as Report);
}
