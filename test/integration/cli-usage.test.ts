import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { runProgram } from '../../src/cli/program.ts';
import { packageVersion } from '../../src/package-info.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-usage-'));
  writeFileSync(`${folder}/wrong.yaml`, 'models: [{ name: m }, { name: m }]\n');
  writeFileSync(`${folder}/records.ndjson`, '{}\n');
  writeFileSync(`${folder}/records.docx`, 'x');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(...args: readonly string[]): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  const code = await runProgram(args.map((arg) => arg.replace('FOLDER', folder)));
  return { code, stdout, stderr };
}

const COMMANDS = [
  [],
  ['serve'],
  ['demo'],
  ['ingest'],
  ['drift'],
  ['reference'],
  ['reference', 'set'],
  ['reference', 'list'],
  ['reference', 'show'],
  ['migrate'],
  ['check'],
  ['generate'],
];

describe('--help', () => {
  test.each(COMMANDS.map((command) => ({ command })))(
    'of plumbline $command says how to use it and exits 0',
    async ({ command }) => {
      const { code, stdout, stderr } = await run(...command, '--help');
      expect(code).toBe(0);
      expect(stderr).toBe('');
      expect(stdout).toMatch(new RegExp(`^Usage: plumbline ${command.join(' ')}`));
      expect(stdout).toMatch(/Options:[\s\S]+--help/);
    },
  );

  test('of the whole lists every command that there is', async () => {
    const { stdout } = await run('--help');
    const listed = [...stdout.slice(stdout.indexOf('Commands:')).matchAll(/^ {2}([a-z]+)/gm)].map(
      (match) => match[1] ?? '',
    );
    const known = new Set(COMMANDS.flatMap(([name]) => (name === undefined ? [] : [name])));
    expect(listed.filter((name) => name !== 'help')).toEqual(expect.arrayContaining([...known]));
  });
});

test('--version is the one of the package, and of a model behind a command', async () => {
  expect(await run('--version')).toEqual({ code: 0, stdout: `${packageVersion}\n`, stderr: '' });
  const { code, stderr } = await run('ingest', '--type', 'predictions', '--version', '7', 'absent.ndjson');
  expect(code).toBe(2);
  expect(stderr).toBe('plumbline: absent.ndjson does not exist.\n');
});

describe('bad usage exits 2 and says what is wrong', () => {
  test.each([
    [['nonsense'], /unknown command 'nonsense'/],
    [['serve', '--nonsense'], /unknown option '--nonsense'/],
    [['serve', '--role', 'king'], /Allowed choices are all, collect, evaluate, api/],
    [['serve', '--port', '70000'], /It must be a port from 0 to 65535/],
    [['demo', '--speed', 'fast'], /It must be a number above 0/],
    [['ingest', 'FOLDER/records.ndjson'], /required option '--type <type>'/],
    [
      ['ingest', '--type', 'cats', 'FOLDER/records.ndjson'],
      /Allowed choices are predictions, labels, business, events/,
    ],
    [['ingest', '--type', 'predictions'], /missing required argument 'file'/],
    [['ingest', '--type', 'predictions', 'FOLDER/absent.ndjson'], /^plumbline: .*absent\.ndjson does not exist\.$/m],
    [
      ['ingest', '--type', 'predictions', '--url', 'http://127.0.0.1:9', 'FOLDER/records.docx'],
      /extension \.docx is not known; use ndjson, .*parquet/,
    ],
    [
      ['ingest', '--type', 'predictions', '--url', 'somewhere', 'FOLDER/records.ndjson'],
      /--url must be an http or https URL/,
    ],
    [['reference'], /Usage: plumbline reference/],
    [['reference', 'set'], /missing required argument 'model'/],
    [['reference', 'set', 'm', '--kind', 'best'], /Allowed choices are fixed, trailing/],
    [['reference', 'set', 'm', '--url', 'http://127.0.0.1:9'], /A fixed reference needs --from and --to\./],
    [
      ['reference', 'set', 'm', '--from', 'monday', '--to', 'friday', '--url', 'http://127.0.0.1:9'],
      /--from must be an RFC 3339 time/,
    ],
    [
      ['reference', 'set', 'm', '--kind', 'trailing', '--window', 'long', '--url', 'http://127.0.0.1:9'],
      /--window must be a duration such as 7d/,
    ],
    [['reference', 'set', 'm', '--kind', 'version', '--url', 'http://127.0.0.1:9'], /needs --baseline VERSION/],
    [['check', '--config', 'FOLDER/wrong.yaml'], /^plumbline: .*wrong\.yaml: models names m twice\.$/m],
    [['serve', '--config', 'FOLDER/absent.yaml'], /^plumbline: Cannot read the configuration file .*absent\.yaml/m],
    [['migrate', '--config', 'FOLDER/wrong.yaml'], /models names m twice/],
  ])('plumbline %j', async (args, sentence) => {
    const { code, stderr, stdout } = await run(...args);
    expect(stderr).toMatch(sentence);
    expect(code).toBe(2);
    expect(stdout).toBe('');
  });
});

test('nobody at the URL exits 3', async () => {
  const { code, stderr } = await run('reference', 'list', '--url', 'http://127.0.0.1:9');
  expect(stderr).toMatch(/^plumbline: http:\/\/127\.0\.0\.1:9 does not answer.*\.$/m);
  expect(code).toBe(3);
});
