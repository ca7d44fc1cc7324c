// Hosts libchdb as a ClickHouse server on loopback. Started by EmbeddedEngine as a child process; never imported.
// argv: library, data directory, configuration file, port file, wanted HTTP port, service user. The password comes in
// the environment, so that it does not show in the process list. The parent closing our stdin, also by dying, stops us.
import { readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import ffi from 'ffi-rs';

const [library, dataDir, configFile, portFile, httpPort, user] = process.argv.slice(2);
if (
  library === undefined ||
  dataDir === undefined ||
  configFile === undefined ||
  portFile === undefined ||
  httpPort === undefined ||
  user === undefined
) {
  process.exit(64);
}
const password = process.env['PLUMBLINE_ENGINE_PASSWORD'] ?? '';
const KEEP_ALIVE = 'SELECT sleepEachRow(0.2) FROM numbers(1000000000)';

// The engine re-creates its system logs only in a directory without them.
rmSync(`${dataDir}/data/system`, { recursive: true, force: true });
rmSync(portFile, { force: true });

const statements = [
  'SYSTEM START LISTEN QUERIES ALL',
  `SELECT getServerPort('http_port') AS http, getServerPort('tcp_port') AS tcp INTO OUTFILE '${portFile}' TRUNCATE FORMAT JSONEachRow`,
  // One row a block keeps each sleep short enough to be interrupted.
  `${KEEP_ALIVE} SETTINGS max_block_size = 1, max_threads = 1 FORMAT Null`,
];
const args = [
  'clickhouse',
  `--path=${dataDir}`,
  `--http_port=${httpPort}`,
  '--tcp_port=0',
  '--listen_host=127.0.0.1',
  `--config-file=${configFile}`,
  '--multiquery',
  `--query=${statements.join('; ')}`,
];

let stopping = false;

function stop(): void {
  if (stopping) return;
  stopping = true;
  // Should the graceful way hang, the parent's kill or this timer ends us; acknowledged rows are on disk already.
  setTimeout(() => process.exit(0), 8000).unref();
  let port: unknown;
  try {
    const parsed: unknown = JSON.parse(readFileSync(portFile ?? '', 'utf8'));
    port = typeof parsed === 'object' && parsed !== null && 'http' in parsed ? parsed.http : undefined;
  } catch {
    port = undefined;
  }
  if (typeof port !== 'number') process.exit(0);
  const kill = request({
    host: '127.0.0.1',
    port,
    method: 'POST',
    path: '/',
    auth: `${user}:${password}`,
    agent: false,
    headers: { connection: 'close' },
  });
  kill.on('response', (response) => response.resume());
  kill.on('error', () => process.exit(0));
  kill.end(`KILL QUERY WHERE user = '' AND startsWith(query, '${KEEP_ALIVE}') ASYNC`);
}

ffi.open({ library: 'chdb', path: library });
ffi
  .load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: ffi.DataType.External,
    paramsType: [ffi.DataType.I32, ffi.DataType.StringArray],
    paramsValue: [args.length, args],
    runInNewThread: true,
  })
  .then(
    () => process.exit(stopping ? 0 : 1),
    () => process.exit(2),
  );
process.stdin.on('end', stop).on('close', stop).resume();
// A service manager may tell the whole group to end: the parent drains first and then closes our stdin.
process.on('SIGTERM', () => {});
// So may Ctrl-C in a terminal.
process.on('SIGINT', () => {});
