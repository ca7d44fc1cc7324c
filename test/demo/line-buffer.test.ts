import { describe, expect, it } from 'vitest';
import { LineBuffer } from '../../src/demo/line-buffer.ts';

describe('LineBuffer', () => {
  it('keeps every line, also beyond the space it began with', () => {
    const buffer = new LineBuffer();
    const line = `${'x'.repeat(999)}\n`;
    for (let i = 0; i < 2500; i += 1) buffer.add(line);
    expect(buffer.take().toString('latin1')).toBe(line.repeat(2500));
  });

  it('leaves what it gave away untouched', () => {
    const buffer = new LineBuffer();
    buffer.add('first\n');
    const first = buffer.take();
    buffer.add('other\n');
    expect(first.toString('latin1')).toBe('first\n');
    expect(buffer.take().toString('latin1')).toBe('other\n');
    expect(buffer.take()).toHaveLength(0);
  });
});
