import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../src/model/inventory.ts';
import { scanReport } from '../../../src/model/report.ts';
import { buildScanReport, renderScan } from '../../../src/report/scan.ts';
import { createPalette } from '../../../src/report/text.ts';
import { addon } from '../fixtures/plan-inventories.ts';
import { CLUSTER, plan, roleArn } from '../fixtures/report-fixtures.ts';

const CALLS = { eks: 1, iam: 2, sts: 3, kubernetes: 4, cloudtrail: 0 };
const LAYOUT = { columns: 80, palette: createPalette(false), wide: false };

function inventory(changes: Partial<Inventory> = {}): Inventory {
  return {
    version: 1,
    takenAt: '2026-03-02T10:00:00.000Z',
    cluster: {
      arn: CLUSTER,
      name: 'pier',
      region: 'eu-central-1',
      accountId: '444455556666',
      partition: 'aws',
      version: '1.33',
      platformVersion: 'eks.9',
      oidcIssuer: null,
      autoMode: false,
      outpost: false,
    },
    annotationPrefix: 'eks.amazonaws.com',
    agent: { addon: null, daemonSet: null, defaultVersion: 'v1.3.8-eksbuild.2' },
    nodes: [],
    serviceAccounts: [],
    workloads: [],
    indirectUsers: [],
    roles: [],
    oidcProviders: null,
    associations: [
      {
        associationId: 'a-1',
        namespace: 'dock',
        serviceAccount: 'lamps',
        ownerArn: null,
        roleArn: roleArn('pier-lamps'),
        targetRoleArn: null,
        disableSessionTags: false,
        podshiftRun: null,
      },
    ],
    addons: [
      addon('vpc-cni', { version: 'v1', serviceAccountRoleArn: null }),
      addon('aws-efs-csi-driver', { version: 'v2', serviceAccountRoleArn: roleArn('pier-efs') }),
    ],
    legacy: [
      { subject: 'DaemonSet/kube-system/kube2iam', kind: 'daemon', name: 'kube2iam' },
      { subject: 'Deployment/dock/bells', kind: 'annotation', name: 'bells-role' },
    ],
    ...changes,
  };
}

describe('buildScanReport', () => {
  it('tells who gets which role today, in the published shape', () => {
    const scan = buildScanReport(inventory(), plan(), CALLS);

    expect(scanReport.parse(scan)).toEqual(scan);
    expect(scan.serviceAccounts.map((one) => [`${one.namespace}/${one.serviceAccount}`, one.mechanism, one.associated])).toEqual([
      ['dock/cranes', 'irsa', false],
      ['dock/lamps', 'irsa', true],
      ['quay/gates', 'irsa', false],
      ['quay/tickets', 'irsa', false],
    ]);
    expect(scan.legacy.map((one) => one.name)).toEqual(['kube2iam', 'bells-role']);
    expect(scan.addons.map((one) => one.name)).toEqual(['aws-efs-csi-driver', 'vpc-cni']);
    expect(scan.agent).toEqual({ addonVersion: null, daemonSet: null, ready: 0, desired: 0 });
    expect(scan.calls).toEqual(CALLS);
  });

  it('tells what the agent is like', () => {
    const daemonSet = { namespace: 'kube-system', name: 'eks-pod-identity-agent', desired: 3, ready: 2 };
    const agent = (changes: Partial<Inventory['agent']>): string =>
      renderScan(buildScanReport(inventory({ agent: { addon: null, daemonSet, defaultVersion: null, ...changes } }), plan(), CALLS), {
        ...LAYOUT,
        columns: 120,
      });

    expect(agent({})).toContain('agent kube-system/eks-pod-identity-agent, ready on 2 of 3 nodes');
    expect(agent({ addon: { version: 'v1.3.8', status: 'ACTIVE' } })).toContain('agent add-on v1.3.8, ready on 2 of 3 nodes');
  });
});

describe('renderScan', () => {
  it('fits into 80 columns, and tells blockers and warnings', () => {
    const text = renderScan(buildScanReport(inventory(), plan(), CALLS), LAYOUT);

    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(text).toContain('scan of pier (eu-central-1, account 444455556666), Kubernetes 1.33 eks.9');
    expect(text).toContain('4 service accounts with a role; no Pod Identity agent add-on');
    expect(text).toMatch(/-\s+kube2iam\/kiam\s+bells-role\s+deploy\/bells/);
    expect(text).toContain('PS301 blocker Deployment/dock/cranes');
    expect(text).toContain('PS319 warning');
    expect(text).not.toContain('PS402 info');
    expect(text).toContain('2 blockers, 5 findings in all ("-o wide" shows every one); nothing was changed');
  });

  it('shows every finding and whole ARNs when wide', () => {
    const text = renderScan(buildScanReport(inventory(), plan(), CALLS), { ...LAYOUT, wide: true });
    expect(text).toContain('PS402 info');
    expect(text).toContain(roleArn('pier-tickets'));
    expect(text).toContain('2 blockers, 5 findings in all; nothing was changed');
  });

  it('tells an empty cluster plainly', () => {
    const empty = buildScanReport(inventory({ legacy: [], addons: [] }), plan({ units: [], roles: [], findings: [] }), CALLS);
    expect(renderScan(empty, LAYOUT)).toBe(
      'scan of pier (eu-central-1, account 444455556666), Kubernetes 1.33 eks.9\n  0 service accounts with a role; no Pod Identity agent add-on\n\n0 blockers, 0 findings in all ("-o wide" shows every one); nothing was changed\n',
    );
  });
});
