import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { fileRecords } from '../analysis/drift/file-records.ts';
import { systemClock } from '../core/clock.ts';
import { AppError, UsageError } from '../core/errors.ts';
import { createLogger } from './logger.ts';
import { onScratchEngine } from './scratch-engine.ts';
import { problemDetail, type ServiceLink } from './service-link.ts';

/**
 * Sends the rows of a file, in any format that is read, to a service as the reference of a model; lines that cannot be
 * read are told on stderr.
 *
 * @returns The service's answer.
 * @throws UsageError, E_UNREACHABLE, E_REFUSED
 */
export async function sendReferenceFile(options: {
  readonly link: ServiceLink;
  readonly model: string;
  readonly file: string;
  readonly stderr: (text: string) => void;
}): Promise<unknown> {
  const { link, model, file, stderr } = options;
  const surroundings = { logger: createLogger('error'), clock: systemClock };
  return onScratchEngine(surroundings, async (store, scratch) => {
    const { stream, skipped } = await fileRecords({ store, path: file, scratch, filter: {} });
    if (skipped.count > 0) {
      const first = skipped.firstLine === undefined ? '' : `, first at line ${skipped.firstLine}`;
      stderr(`${file}: ${skipped.count} lines skipped${first}.\n`);
    }
    return upload({ link, model, name: basename(file), stream });
  });
}

async function upload(options: {
  readonly link: ServiceLink;
  readonly model: string;
  readonly name: string;
  readonly stream: Readable;
}): Promise<unknown> {
  const { link, model, name, stream } = options;
  const path = `/v1/models/${encodeURIComponent(model)}/references/file?name=${encodeURIComponent(name)}`;
  const zipped = createGzip({ level: 1 });
  stream.on('error', (error) => zipped.destroy(error));
  let response: Response;
  try {
    response = await fetch(`${link.url}${path}`, {
      method: 'POST',
      headers: { ...link.headers, 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
      body: Readable.toWeb(stream.pipe(zipped)),
      duplex: 'half',
      signal: AbortSignal.timeout(3_600_000),
    });
  } catch (error) {
    throw new AppError('E_UNREACHABLE', `${link.url} does not answer`, { cause: error });
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text);
  const sentence = `${link.url} answered ${response.status}: ${problemDetail(text)}`;
  throw response.status < 500 ? new UsageError(problemDetail(text)) : new AppError('E_REFUSED', sentence);
}
