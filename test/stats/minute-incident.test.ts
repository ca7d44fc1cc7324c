import { describe, expect, test } from 'vitest';
import { type MinuteCurrent, minuteIncident, type MinuteReference } from '../../src/stats/minute-incident.ts';

const ALPHA = 1e-8;
const REFERENCE: MinuteReference = {
  n: 50_000,
  worstMissingShare: 0.02,
  topShare: 0.05,
  quartiles: [20, 30, 45],
  worstLowShare: 0.3,
  worstHighShare: 0.3,
  worstOutsideShare: 0.001,
};
const CALM: MinuteCurrent = { rows: 300, n: 297, distinct: 2, quartiles: [21, 29, 44], outside: 1, examples: [] };

function detect(change: Partial<MinuteCurrent>, reference: Partial<MinuteReference> = {}): string | undefined {
  return minuteIncident({ ...REFERENCE, ...reference }, { ...CALM, ...change }, ALPHA)?.detector;
}

describe('minuteIncident', () => {
  test.each([
    ['nothing unusual', {}, undefined],
    ['every value missing', { n: 0, distinct: 0, quartiles: [] }, 'gone_null'],
    ['half of the values missing', { n: 150 }, undefined],
    ['one value only', { distinct: 1, quartiles: [30, 30, 30] }, 'gone_constant'],
    ['dollars became cents', { quartiles: [2000, 3010, 4490] }, 'unit_change'],
    ['centimetres became inches', { quartiles: [7.9, 11.8, 17.7] }, 'unit_change'],
    ['Celsius became Fahrenheit', { quartiles: [68, 86, 113] }, 'unit_change'],
    ['a shift that is no unit', { quartiles: [140, 210, 315] }, undefined],
    ['other values without a common factor', { quartiles: [100, 300, 2000] }, undefined],
    ['every third value unseen', { outside: 100, examples: ['CH'] }, 'unseen_burst'],
    ['a tenth of the values unseen', { outside: 30 }, undefined],
    ['ten rows, all missing', { rows: 10, n: 0 }, undefined],
  ])('%s', (_, change, detector) => {
    expect(detect(change)).toBe(detector);
  });

  test('is silent about what the reference has had before', () => {
    expect(detect({ n: 0 }, { worstMissingShare: 1 })).toBeUndefined();
    expect(detect({ n: 0 }, { worstMissingShare: 0.9 })).toBeUndefined();
    expect(detect({ rows: 40, n: 0 }, { worstMissingShare: 0.6 })).toBeUndefined();
    expect(detect({ distinct: 1, quartiles: [30, 30, 30] }, { topShare: 0.99 })).toBeUndefined();
    expect(detect({ quartiles: [200, 300, 450] }, { worstHighShare: 0.7 })).toBeUndefined();
    expect(detect({ outside: 100 }, { worstOutsideShare: 0.3 })).toBeUndefined();
    expect(detect({ n: 0 }, { n: 50 })).toBeUndefined();
  });

  test('does not take one client that repeats a value for a burst of unseen values', () => {
    const reference = { ...REFERENCE, n: 25_000, worstOutsideShare: 0 };
    const burst = (outside: number) =>
      minuteIncident(reference, { ...CALM, rows: 40, n: 20, outside }, 1.2e-8)?.detector;
    expect(burst(6)).toBeUndefined();
    expect(burst(10)).toBe('unseen_burst');
  });

  test('sees a feature go null that was missing more often than not', () => {
    expect(detect({ n: 0, distinct: 0, quartiles: [] }, { worstMissingShare: 0.6 })).toBe('gone_null');
  });

  test('is grave when most values are unseen, and names some of them', () => {
    const found = minuteIncident(REFERENCE, { ...CALM, outside: 250, examples: ['CH', 'FR'] }, ALPHA);
    expect(found).toMatchObject({ level: 'major' });
    expect(found?.reason).toContain('Such as: CH, FR.');
  });
});
