import { createServer } from 'node:http';

type Thing = Readonly<Record<string, unknown>>;

/** A server that answers the registry's REST requests as MLflow documents them. */
export class MlflowStandIn {
  /** Paths and queries asked for, oldest first. */
  readonly asked: string[] = [];
  readonly authorizations: (string | undefined)[] = [];
  /** By "name version" and "name alias": what stands below model_version. */
  readonly versions = new Map<string, Thing>();
  /** What stands below run.info, by run. */
  readonly runs = new Map<string, Thing>();
  /** While set, every request is answered with it. */
  broken: { readonly status: number; readonly body: string } | undefined;
  url = '';
  readonly #server = createServer((request, response) => {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://localhost');
    this.asked.push(`${pathname}?${query.toString()}`);
    this.authorizations.push(request.headers.authorization);
    const { status, body } = this.broken ?? this.#answer(pathname.replace('/api/2.0/mlflow/', ''), query);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body);
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    this.url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  #answer(path: string, query: URLSearchParams): { readonly status: number; readonly body: string } {
    const found =
      path === 'runs/get'
        ? this.runs.get(query.get('run_id') ?? '')
        : this.versions.get(`${query.get('name')} ${query.get('version') ?? query.get('alias')}`);
    if (found === undefined) {
      return { status: 404, body: JSON.stringify({ error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'not found' }) };
    }
    const body = path === 'runs/get' ? { run: { info: found, data: {} } } : { model_version: found };
    return { status: 200, body: JSON.stringify(body) };
  }
}

/** A version as MLflow shows it. */
export function modelVersion(version: string, createdMs: number, more: Thing = {}): Thing {
  return {
    name: 'fraud-scorer',
    version,
    creation_timestamp: createdMs,
    last_updated_timestamp: createdMs + 86_400_000,
    current_stage: 'None',
    source: 'models:/m-1f',
    run_id: '',
    status: 'READY',
    tags: [{ key: 'team', value: 'risk' }],
    aliases: ['champion'],
    ...more,
  };
}
