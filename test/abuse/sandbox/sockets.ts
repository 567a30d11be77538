import { expect } from "vitest";
import type { Attempt } from "./attempt.ts";

/** Every way to something that listens, while a sandbox may connect to nothing. */
export const sockets: readonly Attempt[] = [
  {
    name: "sockets: unix, by a path of the host",
    guards: "host",
    mounts: ({ hostSocketFolder }) => [{ path: hostSocketFolder, isWritable: true }],
    getsOutside: ["in a mount", "beside it"],
    program: String.raw`
attempt("in a mount", lambda: connect(socket.AF_UNIX, place["hostSocket"]))
attempt("beside it", lambda: connect(socket.AF_UNIX, place["hiddenSocket"]))
for path in ("/run/docker.sock", "/run/systemd/private", "/run/dbus/system_bus_socket", "/var/run/postgresql/.s.PGSQL.5432"):
    attempt(path, lambda: connect(socket.AF_UNIX, path))
`,
  },
  {
    name: "sockets: unix, by an abstract name",
    guards: "host",
    getsOutside: ["of the host"],
    program: String.raw`
attempt("of the host", lambda: connect(socket.AF_UNIX, "\0" + place["hostAbstract"]))
attempt("of the neighbour", lambda: connect(socket.AF_UNIX, "\0of-the-neighbour"))
`,
  },
  {
    name: "sockets: a pair of datagrams, connected anew",
    guards: "kernel",
    program: String.raw`
for name, kind in {"datagrams": socket.SOCK_DGRAM, "with a flag": socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, "raw": socket.SOCK_RAW}.items():
    attempt(name, lambda: socket.socketpair(socket.AF_UNIX, kind))
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
attempt("a pair of streams", lambda: one.connect(place["hostSocket"]))
attempt("by an abstract name", lambda: one.sendto(b"x", "\0" + place["hostAbstract"]))
`,
  },
  {
    name: "sockets: its own streams, which may belong to the host's network",
    guards: "host",
    getsOutside: ["names of 0", "address of 1", "a name for 0"],
    program: String.raw`
import fcntl
def names(number):
    room = ctypes.create_string_buffer(4096)
    answer = fcntl.ioctl(number, 0x8912, struct.pack("iP", 4096, ctypes.addressof(room)))
    length = struct.unpack("iP", answer)[0]
    return [room.raw[at:at + 16].split(b"\0")[0] for at in range(0, length, 40)] or refuse(errno.ENODEV)
def end(number):
    return socket.socket(fileno=os.dup(number))
for number in range(3):
    attempt("names of %d" % number, lambda: names(number))
    attempt("address of %d" % number, lambda: fcntl.ioctl(number, 0x8927, b"lo".ljust(256, b"\0")))
    attempt("network of %d" % number, lambda: fcntl.ioctl(number, 0x894c))
    attempt("another end for %d" % number, lambda: end(number).connect("\0" + place["hostAbstract"]))
    attempt("a descriptor over %d" % number, lambda: socket.send_fds(end(number), [b"x"], [number]))
    attempt("a name for %d" % number, lambda: end(number).bind("\0taken-%d-%s" % (number, place["hostAbstract"])))
`,
  },
  {
    name: "sockets: netlink, packets, raw and the machine's",
    guards: "kernel",
    program: String.raw`
attempt("netlink", lambda: socket.socket(16, socket.SOCK_RAW, 0))
attempt("netlink of audit", lambda: socket.socket(16, socket.SOCK_RAW, 9))
attempt("packets", lambda: socket.socket(17, socket.SOCK_RAW, 0x300))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("raw of version 6", lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58))
for name, family in {"vsock": 40, "key": 15, "alg": 38, "bluetooth": 31, "can": 29, "tipc": 30, "rds": 21, "xdp": 44, "smc": 43, "nfc": 39, "kcm": 41, "qipcrtr": 42}.items():
    for kind in (1, 2, 3, 5):
        attempt("%s, type %d" % (name, kind), lambda: socket.socket(family, kind, 0))
`,
  },
  {
    name: "sockets: TCP to the host's loopback",
    guards: "host",
    getsOutside: ["127.0.0.1", "::1"],
    program: String.raw`
attempt("127.0.0.1", lambda: connect(socket.AF_INET, ("127.0.0.1", place["hostPort"])))
attempt("::1", lambda: connect(socket.AF_INET6, ("::1", place["hostPort"])))
for address in ("127.1.2.3", "0.0.0.0", "localhost"):
    attempt(address, lambda: connect(socket.AF_INET, (address, place["hostPort"])))
for address in ("::ffff:127.0.0.1", "::"):
    attempt(address, lambda: connect(socket.AF_INET6, (address, place["hostPort"])))
`,
  },
  {
    name: "sockets: TCP to the host's other addresses, metadata and the world",
    guards: "host",
    program: String.raw`
for address in place["hostAddresses"] + ["169.254.169.254", "10.0.0.1", "192.168.0.1", "203.0.113.1", "fd00:ec2::254", "2001:db8::1"]:
    attempt(address, lambda: connect(socket.AF_INET6 if ":" in address else socket.AF_INET, (address, 80)))
`,
    // Refused by who listens there would mean that the way there was open.
    check: ({ report, tier }) => {
      // gVisor says so of a host for which it has no route.
      const unreachable = tier === "T2" ? /^E(NET|HOST)UNREACH$/ : /^ENETUNREACH$/;
      for (const [address, why] of Object.entries(report.refused))
        expect(why, address).toMatch(unreachable);
    },
  },
  {
    name: "sockets: datagrams and names",
    guards: "host",
    program: String.raw`
def datagram(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as end:
        end.settimeout(0.5)
        end.sendto(b"\0\1\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1", address)
        return end.recv(512)
for address in place["resolvers"] + ["203.0.113.53", "127.0.0.53", "224.0.0.251", "255.255.255.255"]:
    attempt(address, lambda: datagram(socket.AF_INET6 if ":" in address else socket.AF_INET, (address, 53)))
attempt("a name", lambda: socket.getaddrinfo("example.com", 443))
attempt("its own machine's name", lambda: refuse(errno.ENOENT) if socket.gethostname() != place["hostName"] else "known")
`,
  },
  {
    name: "sockets: another sandbox's port",
    guards: "host",
    program: String.raw`
attempt("its port", lambda: connect(socket.AF_INET, ("127.0.0.1", place["neighbour"]["port"])))
attempt("its port, version 6", lambda: connect(socket.AF_INET6, ("::ffff:127.0.0.1", place["neighbour"]["port"])))
look("tables", lambda: [read("/proc/net/" + name) for name in ("tcp", "unix") if os.access("/proc/net/" + name, os.R_OK) and os.path.exists("/proc/net/" + name)])
`,
  },
  {
    name: "sockets: interfaces but its own loopback",
    guards: "host",
    program: String.raw`
look("names", lambda: [line.split(":")[0].strip() for line in open("/proc/net/dev").read().splitlines()[2:]])
`,
    check: ({ report, traps }) => {
      const names = report.seen["names"] as string[];
      expect(names).toContain("lo");
      expect(names.filter((name) => traps.places.hostInterfaces.includes(name))).toEqual([]);
    },
  },
];
