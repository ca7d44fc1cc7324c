const CUT_MARK = '… [cut]';

/** Cuts a text to so many characters (UTF-16 units, never inside a pair) and marks the cut. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const room = limit - CUT_MARK.length;
  const end = isHighSurrogate(text.charCodeAt(room - 1)) ? room - 1 : room;
  return `${text.slice(0, end)}${CUT_MARK}`;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
