import { request as ask } from "node:http";

/** One request of Firecracker's API, as its description of release 1.17 has it. */
export interface ApiRequest {
  readonly method: "PUT" | "PATCH";
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface MachineConfig {
  readonly memoryMebibytes: number;
}

/** All that is ever asked of it, each by the words of its own description. */
export const api = {
  machine: ({ memoryMebibytes }: MachineConfig): ApiRequest => ({
    method: "PUT",
    path: "/machine-config",
    body: { vcpu_count: 1, mem_size_mib: memoryMebibytes },
  }),
  boot: (kernel: string, initrd: string, commandLine: string): ApiRequest => ({
    method: "PUT",
    path: "/boot-source",
    body: { kernel_image_path: kernel, initrd_path: initrd, boot_args: commandLine },
  }),
  drive: (id: string, file: string): ApiRequest => ({
    method: "PUT",
    path: `/drives/${id}`,
    body: { drive_id: id, path_on_host: file, is_root_device: false, is_read_only: true },
  }),
  vsock: (socket: string): ApiRequest => ({
    method: "PUT",
    path: "/vsock",
    body: { guest_cid: guestAddress, uds_path: socket },
  }),
  start: (): ApiRequest => ({
    method: "PUT",
    path: "/actions",
    body: { action_type: "InstanceStart" },
  }),
  pause: (): ApiRequest => ({ method: "PATCH", path: "/vm", body: { state: "Paused" } }),
  save: (state: string, memory: string): ApiRequest => ({
    method: "PUT",
    path: "/snapshot/create",
    body: { snapshot_type: "Full", snapshot_path: state, mem_file_path: memory },
  }),
  load: (state: string, memory: string): ApiRequest => ({
    method: "PUT",
    path: "/snapshot/load",
    body: {
      snapshot_path: state,
      mem_backend: { backend_type: "File", backend_path: memory },
      resume_vm: true,
    },
  }),
} as const;

/** The first that a machine may have. Each machine is alone with its host, so all have it. */
const guestAddress = 3;
const mostAnswer = 64 * 1024;
const answerMs = 30_000;

/** Throws what it complains of. */
export function send(socket: string, { method, path, body }: ApiRequest): Promise<void> {
  const text = JSON.stringify(body);
  const headers = {
    accept: "application/json",
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  };
  return new Promise((resolve, reject) => {
    const request = ask({ socketPath: socket, method, path, headers, timeout: answerMs });
    request.once("error", reject);
    request.once("timeout", () => request.destroy(new Error(`${path} is not answered`)));
    request.once("response", (response) => {
      let said = "";
      response.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString("utf8")).slice(0, mostAnswer);
      });
      response.once("error", reject);
      response.once("end", () => {
        if (response.statusCode === 204) resolve();
        else reject(new Error(`${path}: ${toComplaint(said)} (${response.statusCode})`));
      });
    });
    request.end(text);
  });
}

function toComplaint(said: string): string {
  try {
    const { fault_message: fault } = JSON.parse(said) as { readonly fault_message?: unknown };
    return typeof fault === "string" ? fault : said;
  } catch {
    return said;
  }
}
