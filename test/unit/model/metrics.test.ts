import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EVENT_DETAILS } from '../../../src/model/events.ts';
import { METRIC_NAMESPACE, METRICS } from '../../../src/model/metrics.ts';

const page = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');

describe('docs/events.md', () => {
  it('lists the metrics of the table, and no other', () => {
    const rows = [...page.matchAll(/^\| `(\w+)` \| (\w+) \| (.*) \| (.+) \|$/gm)].map(([, name, unit, dimensions, meaning]) => [
      name,
      { unit, dimensions: dimensions === '-' ? [] : dimensions?.replaceAll('`', '').split(', '), meaning },
    ]);
    expect(Object.fromEntries(rows)).toEqual(METRICS);
    expect(page).toContain(`The namespace is \`${METRIC_NAMESPACE}\``);
  });

  it('lists the types of events, and no other', () => {
    const rows = [...page.matchAll(/^\| `([A-Z][A-Za-z ]+)` \| .+\.json\) \|$/gm)].map(([, type]) => type);
    expect(rows).toEqual(Object.keys(EVENT_DETAILS));
  });
});
