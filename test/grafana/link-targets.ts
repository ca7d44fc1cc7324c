import { type JsonObject, objectAt, objectsAt, textAt } from '../../src/grafana/json.ts';

/** Returns what is wrong with the links from a dashboard to others: none of that uid, or without a variable that is set. */
export function linkTargetProblems(dashboard: JsonObject, all: readonly JsonObject[]): readonly string[] {
  return linksOf(dashboard).flatMap(({ uid, parameters }) => {
    const target = all.find((other) => textAt(other, 'uid') === uid);
    if (target === undefined) return [`There is no dashboard ${uid} to link to.`];
    const names = objectsAt(objectAt(target, 'templating'), 'list').map((item) => textAt(item, 'name'));
    return parameters
      .filter((name) => !names.includes(name))
      .map((name) => `Dashboard ${uid} has no variable ${name} that a link could set.`);
  });
}

function linksOf(dashboard: JsonObject): readonly { readonly uid: string; readonly parameters: readonly string[] }[] {
  const urls = JSON.stringify(dashboard).matchAll(/"\/d\/([\w-]+)\?([^"]*)"/g);
  return [...urls].map(([, uid = '', query = '']) => ({ uid, parameters: query.split('&').flatMap(variableIn) }));
}

/** `var-name=value` and `${name:queryparam}` set the variable `name`. */
function variableIn(part: string): readonly string[] {
  const name = /^var-(\w+)=/.exec(part)?.[1] ?? /^\$\{(\w+):queryparam\}$/.exec(part)?.[1];
  return name === undefined ? [] : [name];
}
