import { runVectors } from './vectors.ts';

process.exitCode = await runVectors(process.argv.slice(2));
