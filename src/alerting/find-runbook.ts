import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { closestName } from '../signals/closest-signal.ts';
import type { Rule } from './rule.ts';

/**
 * Returns what is wrong with the runbook of a rule, undefined when it is there or an https address. It is looked for
 * in `runbooks/` beside the rule's file, beside its folder, and in the other folders given.
 */
export function runbookFault(
  rule: Pick<Rule, 'runbook'>,
  options: { readonly file: string; readonly folders: readonly string[] },
): string | undefined {
  if (rule.runbook.startsWith('https://')) return undefined;
  const here = dirname(options.file);
  const folders = [join(here, 'runbooks'), join(here, '..', 'runbooks'), ...options.folders];
  if (folders.some((folder) => existsSync(join(folder, `${rule.runbook}.md`)))) return undefined;
  const names = folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const closest = closestName(
    rule.runbook,
    names.filter((name) => name.endsWith('.md')).map((name) => name.slice(0, -'.md'.length)),
  );
  const hint = closest === undefined ? '' : `; the closest is ${closest}`;
  return `${options.file}: runbook: there is no runbooks/${rule.runbook}.md${hint}.`;
}
