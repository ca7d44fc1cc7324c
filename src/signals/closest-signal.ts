import { catalogue } from './catalogue.ts';

/** Returns the catalogue name most like a mistyped one, or undefined when none is near. */
export function closestSignal(name: string): string | undefined {
  return closestName(
    name,
    catalogue.map((definition) => definition.name),
  );
}

/** Returns the one of the names that is most like a mistyped one, or undefined when none is near. */
export function closestName(name: string, names: readonly string[]): string | undefined {
  const limit = Math.ceil(name.length / 3);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance <= limit && (best === undefined || distance < best.distance)) best = { name: candidate, distance };
  }
  return best?.name ?? continuationOf(name, names);
}

/** Returns the shortest of the names that go on where a name ends, or that a name goes on from: warn, warning. */
function continuationOf(name: string, names: readonly string[]): string | undefined {
  const given = name.toLowerCase();
  const found = names.filter((candidate) => {
    const [short, long] = [given, candidate.toLowerCase()].sort((left, right) => left.length - right.length);
    return short !== undefined && short.length >= MIN_STEM && long?.startsWith(short) === true;
  });
  return found.toSorted((left, right) => left.length - right.length)[0];
}

/** Fewer letters say nothing about what was meant. */
const MIN_STEM = 3;

/** Levenshtein distance: insertions, deletions and substitutions of one character. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [row, leftCharacter] of left.split('').entries()) {
    const current = [row + 1];
    for (const [column, rightCharacter] of right.split('').entries()) {
      const substituted = (previous[column] ?? 0) + (leftCharacter === rightCharacter ? 0 : 1);
      current.push(Math.min(substituted, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
