/** What a model's windows are compared with. Times in milliseconds since 1970. */
export type Reference =
  | { readonly kind: 'fixed'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'trailing'; readonly windowMs: number }
  | { readonly kind: 'previous' }
  | { readonly kind: 'same-hour-last-week'; readonly weeks: number }
  | { readonly kind: 'version'; readonly version: string }
  | FileReference;

/** Rows of a file, kept under a name of their own. */
export interface FileReference {
  readonly kind: 'file';
  /** What the rows are kept under. */
  readonly source: string;
  /** Name of the file. */
  readonly name: string;
}

export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Where the rows of the reference of one window lie. */
export interface ReferenceRows {
  /** Empty for a file. */
  readonly ranges: readonly TimeRange[];
  /** Empty: all versions. */
  readonly version: string;
}

const WEEK_MS = 7 * 86_400_000;

/** Returns the ranges of the reference that belong to one window. They never overlap the window, but for another version. */
export function referenceRows(reference: Reference, window: TimeRange): ReferenceRows {
  const length = window.toMs - window.fromMs;
  switch (reference.kind) {
    case 'fixed':
      return { ranges: [{ fromMs: reference.fromMs, toMs: reference.toMs }], version: '' };
    case 'trailing':
      return { ranges: [{ fromMs: window.fromMs - reference.windowMs, toMs: window.fromMs }], version: '' };
    case 'previous':
      return { ranges: [{ fromMs: window.fromMs - length, toMs: window.fromMs }], version: '' };
    case 'same-hour-last-week':
      return {
        ranges: Array.from({ length: reference.weeks }, (_, index) => ({
          fromMs: window.fromMs - (index + 1) * WEEK_MS,
          toMs: window.toMs - (index + 1) * WEEK_MS,
        })),
        version: '',
      };
    case 'version':
      return { ranges: [window], version: reference.version };
    case 'file':
      return { ranges: [], version: '' };
  }
}

/** Returns whether every window of the model has the same reference rows, so that many windows can be compared at once. */
export function isShared(reference: Reference): boolean {
  return reference.kind === 'fixed' || reference.kind === 'file';
}
