/** In the order in which they are loaded. */
export interface InitModules {
  readonly modules: readonly string[];
  /** Besides, in a machine of Firecracker. */
  readonly vsockModules: readonly string[];
}

/**
 * The first thing that runs in a machine, by a shell of the initrd. It loads what the kernel needs to see
 * its devices, makes the root file system the root, and becomes the guest.
 */
export function toInit({ modules, vsockModules }: InitModules): string {
  return `#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t devtmpfs dev /dev
$b mount -t sysfs sys /sys
for m in ${modules.join(" ")}; do $b insmod /modules/$m.ko; done
if $b grep -q countersign.wire=vsock /proc/cmdline; then
  for m in ${vsockModules.join(" ")}; do $b insmod /modules/$m.ko; done
fi
n=0; until [ -b /dev/vda ] || [ $n = 200 ]; do $b sleep 0.02; n=$((n+1)); done
$b mount -t ext4 -o ro,nosuid,nodev,noatime /dev/vda /root
$b mount --move /dev /root/dev
$b mount -t proc -o nosuid,nodev,noexec proc /root/proc
$b mount -t sysfs -o nosuid,nodev,noexec sys /root/sys
$b mount -t cgroup2 -o nosuid,nodev,noexec groups /root/sys/fs/cgroup
$b mount -t tmpfs -o size=16m,mode=755,nosuid,nodev run /root/run
echo "+memory +pids +cpu" > /root/sys/fs/cgroup/cgroup.subtree_control
echo 65536 > /proc/sys/fs/pipe-max-size
echo 2 > /proc/sys/kernel/kptr_restrict
echo 1 > /proc/sys/kernel/dmesg_restrict
$b ip link set lo up
$b cp -r /guest /root/run/guest
$b cp /bin/busybox /root/run/guest/busybox
$b mkdir -p /root/run/streams /root/run/pack /root/run/files
for f in in out err; do $b mkfifo -m 600 /root/run/streams/$f; done
$b chmod 755 /root/run/guest/reseed
export PATH=/usr/bin:/bin
exec $b switch_root /root /run/guest/busybox sh /run/guest/start
`;
}

/** Where the guest is reached in a machine of Firecracker. */
export const vsockPort = 1024;

/**
 * QEMU gives the machine a port, and the guest is the first process. Firecracker gives it a socket that
 * Node cannot open: Python listens there, and a guest begins for each connection, since none of them
 * outlives a copy of the machine.
 */
export function toStart(program: string, version: string): string {
  const options = "--disable-warning=ExperimentalWarning --max-old-space-size=64";
  const guest = `/usr/bin/node ${options} /run/guest/${program}`;
  return `b=/run/guest/busybox
echo -1000 > /proc/self/oom_score_adj
if $b grep -q countersign.wire=vsock /proc/cmdline; then
  exec $b env -i /usr/bin/python3 -I -S /run/guest/listen.py ${vsockPort} ${guest} "" ${version} 2>/dev/ttyS0
fi
n=0; until P=$($b ls /dev/vport*p1 2>/dev/null) || [ $n = 200 ]; do $b sleep 0.02; n=$((n+1)); done
exec $b env -i ${guest} "$P" ${version} 2>/dev/ttyS0
`;
}

export const listenProgram = `import os, signal, socket, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
server = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
server.bind((socket.VMADDR_CID_ANY, int(sys.argv[1])))
server.listen(1)
while True:
    connection, _ = server.accept()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(connection.fileno(), 0)
        os.dup2(connection.fileno(), 1)
        os.execve(sys.argv[2], sys.argv[2:], {})
    connection.close()
`;
