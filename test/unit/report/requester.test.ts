import { describe, expect, it } from 'vitest';
import type { Requester } from '../../../src/model/requester.ts';
import type { ReportFormat } from '../../../src/report/formats.ts';
import { renderReport } from '../../../src/report/render.ts';
import { buildReport } from '../../../src/report/report.ts';
import { journal } from '../fixtures/report-fixtures.ts';

const BY = 'arn:aws:iam::111122223333:user/jo';
const rendered = async (requester: Requester | undefined, format: ReportFormat): Promise<string> => {
  const report = await buildReport(journal({ run: requester === undefined ? {} : { requester } }), 'run1', null);
  return renderReport(report, format, { columns: 200, color: false });
};

describe('who asked for a run, in its report', () => {
  it.each<[string, Requester, string]>([
    ['whom the API saw', { by: BY, source: 'api', at: 'then', known: true }, `${BY}, by api at then`],
    ['whom a schedule names', { by: BY, source: 'schedule', at: 'then', known: false }, `${BY}, as its schedule says, at then`],
    [
      'nobody that anybody knows',
      { by: null, source: 'states:StartExecution', at: 'then', known: false },
      'somebody unknown, by states:StartExecution at then',
    ],
  ])('is %s', async (_title, requester, text) => {
    expect(await rendered(requester, 'table')).toContain(`asked for by ${text}`);
    expect(await rendered(requester, 'markdown')).toContain(`- Asked for by: ${text}`);
    expect(JSON.parse(await rendered(requester, 'json')).run.requester).toEqual(requester);
  });

  it('is left out where it is not on record', async () => {
    expect(await rendered(undefined, 'table')).not.toContain('asked for');
    expect(JSON.parse(await rendered(undefined, 'json')).run).not.toHaveProperty('requester');
  });
});
