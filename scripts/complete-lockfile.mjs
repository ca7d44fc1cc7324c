// Writes into package-lock.json the optional packages of other platforms that npm left out.
//
// npm drops an optional package from the lockfile when the registry it asks does not have it (a mirror that serves one
// platform, for example), and `npm ci` then refuses the lockfile as incomplete, on every machine. The versions are
// pinned by the packages that want them, so the missing entries can be written without asking anybody. They carry no
// integrity, because nothing was downloaded; npm does not fetch them on a platform they are not for.
//
// With --check nothing is written and the exit code is 1 when an entry is missing.
import { readFileSync, writeFileSync } from 'node:fs';

const FILE = 'package-lock.json';
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];

const lock = JSON.parse(readFileSync(FILE, 'utf8'));
const missing = findMissing(lock.packages);
if (process.argv.includes('--check')) {
  for (const { path } of missing) console.log(`${FILE} lacks ${path}`);
  process.exitCode = missing.length === 0 ? 0 : 1;
} else if (missing.length > 0) {
  const all = [...Object.entries(lock.packages), ...missing.map(({ path, entry }) => [path, entry])];
  lock.packages = Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync(FILE, `${JSON.stringify(lock, undefined, 2)}\n`);
  console.log(`Wrote ${missing.length} optional packages into ${FILE}.`);
}

function findMissing(packages) {
  const entries = [];
  for (const [path, owner] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
      const isThere =
        Object.hasOwn(packages, `${path}/node_modules/${name}`) || Object.hasOwn(packages, `node_modules/${name}`);
      if (isThere || !EXACT.test(version)) continue;
      entries.push({ path: `node_modules/${name}`, entry: entryOf(name, version, owner) });
    }
  }
  return entries;
}

function entryOf(name, version, owner) {
  const words = name.split('/').at(-1).split('-');
  const at = words.findIndex((word) => SYSTEMS.includes(word));
  const cpu = words[at + 1];
  if (at < 0 || cpu === undefined) throw new Error(`The name ${name} tells no platform; add its entry by hand.`);
  const abi = words.slice(at + 2).join('-');
  const libc = abi.startsWith('musl') ? ['musl'] : abi.startsWith('gnu') ? ['glibc'] : undefined;
  return {
    version,
    cpu: [cpu],
    ...(owner.dev === true ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc }),
    ...(owner.license === undefined ? {} : { license: owner.license }),
    optional: true,
    os: [words[at]],
  };
}
