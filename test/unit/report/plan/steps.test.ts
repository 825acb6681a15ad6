import { describe, expect, it } from 'vitest';
import { renderSteps } from '../../../../src/report/plan/steps.ts';
import { buildPlanReport } from '../../../../src/report/report.ts';
import { createPalette } from '../../../../src/report/text.ts';
import { plan, roleArn, unit } from '../../fixtures/report-fixtures.ts';

const FACTS = {
  runId: 'run1',
  status: 'planned' as const,
  startedAt: '2026-03-02T10:00:00.000Z',
  endedAt: '2026-03-02T10:00:00.000Z',
  calls: { eks: 1, iam: 1, sts: 0, kubernetes: 1, cloudtrail: 0 },
  promises: null,
};
const stepsOf = (made: ReturnType<typeof plan>, columns = 200): string[] =>
  renderSteps(buildPlanReport(made, FACTS), { columns, palette: createPalette(false) })
    .trimEnd()
    .split('\n');

describe('the steps of a plan', () => {
  it('are a tree of waves, service accounts and writes, in the order in which they are written', () => {
    expect(stepsOf(plan())).toEqual([
      '9 changes on pier (eu-central-1, account 444455556666), in this order',
      'ahead of the waves',
      '└─ Addon/eks-pod-identity-agent addonVersion: none -> v1.3.8-eksbuild.2',
      'wave 1 (canary)',
      '└─ quay/gates (irsa)',
      `   ├─ Role/${roleArn('pier-gates')} assumeRolePolicyDocument: lets in quay/gates`,
      `   ├─ PodIdentityAssociation/quay/gates roleArn: none -> ${roleArn('pier-gates')}`,
      '   ├─ checks of its new pods, then 15 min of soak',
      '   └─ ServiceAccount/quay/gates metadata.annotations.eks.amazonaws.com/role-arn: none -> none',
      'wave 2',
      '└─ quay/tickets (irsa)',
      `   ├─ Role/${roleArn('pier-tickets')} assumeRolePolicyDocument: lets in quay/tickets`,
      `   ├─ PodIdentityAssociation/quay/tickets roleArn: none -> ${roleArn('pier-tickets')}`,
      '   ├─ StatefulSet/quay/tickets-ledger restart: none -> rollout',
      '   ├─ Deployment/quay/tickets-api restart: none -> rollout',
      '   ├─ checks of its new pods, then 15 min of soak',
      '   └─ ServiceAccount/quay/tickets metadata.annotations.eks.amazonaws.com/role-arn: none -> none',
    ]);
  });

  it('name a write that several have once, and say so of the others', () => {
    const shared = plan();
    const units = shared.units.map((unit) => ({ ...unit, ...(unit.wave === null ? {} : { wave: 0, roleArn: roleArn('pier-tickets') }) }));
    const lines = stepsOf({ ...shared, units });
    const trust = lines.filter((line) => line.includes('assumeRolePolicyDocument'));
    expect(trust.map((line) => line.replace(/.*Document: /, ''))).toEqual([
      'lets in quay/gates',
      'lets in quay/tickets (in the same write)',
      'changed',
    ]);
  });

  it('have an update of an add-on under its own service accounts alone', () => {
    const addon = (name: string) => ({
      name,
      version: 'v1',
      configurationHash: null,
      before: { serviceAccountRoleArn: roleArn(name), associations: [] },
      after: { serviceAccountRoleArn: null, associations: [{ serviceAccount: `${name}-sa`, roleArn: roleArn(name) }] },
    });
    const units = ['csi', 'cni'].map((name) =>
      unit(`kube-system/${name}-sa`, {
        mechanism: 'addon',
        roleArn: roleArn(name),
        wave: 0,
        workloads: [],
        removeAnnotations: [],
        addon: addon(name),
      }),
    );
    const lines = stepsOf(plan({ units, roles: [] }));
    for (const name of ['csi', 'cni']) {
      const start = lines.findIndex((line) => line.endsWith(`kube-system/${name}-sa (addon)`));
      expect(lines.slice(start + 1, start + 3).map((line) => line.replace(/^[^A-Z]*/, '').replace(/: .*/, ''))).toEqual([
        `Addon/${name} serviceAccountRoleArn`,
        `Addon/${name} podIdentityAssociations`,
      ]);
    }
    expect(lines.filter((line) => line.includes('Addon/c'))).toHaveLength(4);
  });

  it('wrap within the tree, and cut nothing away', () => {
    const lines = stepsOf(plan(), 50);
    expect(lines.filter((line) => line.length > 50)).toEqual([]);
    expect(lines.map((line) => line.replace(/^[ │├└─]*/, '')).join('')).toContain(roleArn('pier-tickets'));
    for (const line of lines.slice(2)) expect(line).toMatch(/^(wave|ahead|after|[│├└ ])/);
  });
});
