import { AppError } from '../../../core/errors.ts';

export type Method = (this: object, ...args: readonly unknown[]) => unknown;

export function field(value: unknown, name: string): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? Reflect.get(value, name)
    : undefined;
}

export function method(of: object, name: string): Method {
  const found: unknown = Reflect.get(of, name);
  if (!isMethod(found)) throw changed(name);
  return found;
}

export async function call(of: unknown, name: string, ...args: readonly unknown[]): Promise<unknown> {
  if (typeof of !== 'object' || of === null) throw changed(name);
  return method(of, name).call(of, ...args);
}

export function replace(of: object, name: string, by: Method): void {
  method(of, name);
  Object.defineProperty(of, name, { value: by, configurable: true, writable: true });
}

export function isMethod(value: unknown): value is Method {
  return typeof value === 'function';
}

export function changed(what: string): AppError {
  return new AppError('E_KAFKAJS', `kafkajs is not as expected: ${what} is missing.`);
}
