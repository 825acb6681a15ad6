import { describe, expect, it } from 'vitest';
import { finding } from '../../../src/model/findings.ts';
import { renderSarif } from '../../../src/report/sarif.ts';

const scan = {
  apiVersion: 'podshift/v1',
  kind: 'Scan',
  takenAt: '2026-01-01T00:00:00.000Z',
  cluster: { arn: 'arn:aws:eks:eu-central-1:444455556666:cluster/pier', version: '1.33', platformVersion: 'eks.9' },
  agent: { addonVersion: null, daemonSet: null, ready: 0, desired: 0 },
  serviceAccounts: [],
  legacy: [],
  addons: [],
  findings: [finding('PS604', 'Addon/coredns', 'x is there'), finding('PS104', 'ServiceAccount/a/b', 'a/b has no role')],
  calls: { eks: 0, iam: 0, sts: 0, kubernetes: 0, cloudtrail: 0 },
} as const;

describe('SARIF', () => {
  it('has one rule for each code and one result for each finding', () => {
    const [run] = JSON.parse(
      renderSarif({ ...scan, serviceAccounts: [], legacy: [], addons: [], findings: [...scan.findings] }, '1.2.3'),
    ).runs;
    expect(run.tool.driver.version).toBe('1.2.3');
    expect(run.tool.driver.rules.map((rule: { id: string }) => rule.id)).toEqual(['PS104', 'PS604']);
    expect(run.results.map((one: { ruleId: string; ruleIndex: number; level: string }) => [one.ruleId, one.ruleIndex, one.level])).toEqual([
      ['PS604', 1, 'note'],
      ['PS104', 0, 'error'],
    ]);
    expect(run.results[1].locations[0].logicalLocations[0]).toMatchObject({ fullyQualifiedName: 'ServiceAccount/a/b', name: 'b' });
  });
});
