import { describe, expect, it } from 'vitest';
import { FINDINGS } from '../../src/model/findings.ts';
import { scanReport } from '../../src/model/report.ts';
import { podshift } from './spawn.ts';

const scan = (...args: string[]) => podshift('scan', 'examples/shop', ...args);

describe('scan --fail-on', () => {
  it.each([
    ['media', 'info', 0, 0],
    ['warehouse', 'warning', 0, 3],
    ['partners', 'blocker', 3, 3],
  ])(
    'of %s, whose worst finding is one of %s, ends with %i for blocker and with %i for warning',
    async (namespace, worst, blocker, warning) => {
      const answers = await Promise.all([
        scan('-n', namespace, '-o', 'json'),
        scan('-n', namespace, '--fail-on', 'blocker'),
        scan('-n', namespace, '--fail-on', 'warning'),
      ]);
      const { findings } = scanReport.parse(JSON.parse(answers[0].stdout));
      expect(findings.map(({ severity }) => severity)).toContain(worst);
      expect(answers.map(({ code }) => code)).toEqual([0, blocker, warning]);
    },
  );

  it('refuses a severity that there is not', async () => {
    const { code, stdout, stderr } = await scan('--fail-on', 'anything');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('blocker, warning');
  });
});

describe('scan -o sarif', () => {
  it('has a result for each finding, with the rule of its code', async () => {
    const [json, sarif] = await Promise.all([scan('-o', 'json'), scan('-o', 'sarif', '--fail-on', 'blocker')]);
    expect([json.code, sarif.code]).toEqual([0, 3]);
    const { findings } = scanReport.parse(JSON.parse(json.stdout));
    const log = JSON.parse(sarif.stdout);
    expect(log).toMatchObject({ version: '2.1.0', $schema: expect.stringContaining('sarif') });
    const [run] = log.runs;
    expect(run.results.map(({ ruleId }: { ruleId: string }) => ruleId).sort()).toEqual(findings.map(({ code }) => code).sort());
    const rules = new Set(run.tool.driver.rules.map(({ id }: { id: string }) => id));
    for (const { code } of findings) {
      expect(rules).toContain(code);
      expect(Object.keys(FINDINGS)).toContain(code);
    }
  });
});
