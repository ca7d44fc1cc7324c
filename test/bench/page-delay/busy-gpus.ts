import { createServer } from 'node:http';
import { portOf } from './port-of.ts';

/** Starts an exporter in the manner of NVIDIA's DCGM exporter that shows one busy GPU for each pod. */
export async function startBusyGpus(
  pods: readonly string[],
): Promise<{ readonly target: string; stop(): Promise<void> }> {
  const lines = pods.flatMap((pod, index) => {
    const labels = `gpu="${index}",UUID="GPU-${index}",device="nvidia${index}",modelName="H100",Hostname="node",container="serve",namespace="serving",pod="${pod}"`;
    return [`DCGM_FI_DEV_GPU_UTIL{${labels}} 97\n`, `DCGM_FI_DEV_XID_ERRORS{${labels}} 0\n`];
  });
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(lines.join(''));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    target: `127.0.0.1:${portOf(server)}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
}
