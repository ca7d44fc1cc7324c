import { createServer, type Server } from 'node:http';
import { closeServer, listenOnLoopback } from './loopback-server.ts';
import { type GpuReading, gpuReading, type IncidentSpan, SIMULATED_NODE, SIMULATED_POD } from './simulated-incident.ts';

/** A loopback HTTP server that answers as NVIDIA's DCGM exporter does, with simulated numbers under simulated names. */
export class SimulatedGpuExporter {
  readonly #server: Server;
  readonly #port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.#port = port;
  }

  /** Starts it; each scrape shows the GPU at that moment of the replay. */
  static async start(options: {
    readonly now: () => number;
    readonly incident: IncidentSpan;
  }): Promise<SimulatedGpuExporter> {
    const server = createServer((request, response) => {
      if (request.url !== '/metrics') {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' });
      response.end(renderExposition(gpuReading(options.now(), options.incident)));
    });
    return new SimulatedGpuExporter(server, await listenOnLoopback(server));
  }

  /** Host and port to scrape. */
  get target(): string {
    return `127.0.0.1:${this.#port}`;
  }

  async stop(): Promise<void> {
    await closeServer(this.#server);
  }
}

const LABELS = [
  'gpu="0"',
  'UUID="GPU-simulated-0000-0000-0000-000000000001"',
  'pci_bus_id="00000000:17:00.0"',
  'device="nvidia0"',
  'modelName="simulated"',
  `Hostname="${SIMULATED_NODE}"`,
  'container="simulated"',
  'namespace="simulated"',
  `pod="${SIMULATED_POD}"`,
].join(',');

function renderExposition(reading: GpuReading): string {
  const rows = [
    ['DCGM_FI_DEV_GPU_UTIL', 'GPU utilization (in %).', reading.utilizationPercent],
    ['DCGM_FI_PROF_SM_ACTIVE', 'The ratio of cycles an SM has at least 1 warp assigned.', reading.smActiveRatio],
    ['DCGM_FI_DEV_FB_USED', 'Framebuffer memory used (in MiB).', reading.memoryUsedMib],
    ['DCGM_FI_DEV_FB_FREE', 'Framebuffer memory free (in MiB).', reading.memoryFreeMib],
    ['DCGM_FI_DEV_FB_RESERVED', 'Framebuffer memory reserved (in MiB).', 0],
    ['DCGM_FI_DEV_GPU_TEMP', 'GPU temperature (in C).', reading.temperatureCelsius],
    ['DCGM_FI_DEV_POWER_USAGE', 'Power draw (in W).', reading.powerWatts],
    ['DCGM_FI_DEV_XID_ERRORS', 'Value of the last XID error encountered.', 0],
  ] as const;
  return rows
    .map(
      ([name, help, value]) => `# HELP ${name} Simulated. ${help}\n# TYPE ${name} gauge\n${name}{${LABELS}} ${value}\n`,
    )
    .join('');
}
