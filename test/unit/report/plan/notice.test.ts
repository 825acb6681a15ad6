import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { migrationOptions } from '../../../../src/model/options.ts';
import { MAX_NOTICE, planNotice } from '../../../../src/report/plan/notice.ts';
import { plan, role, roleArn, trust, unit } from '../../fixtures/report-fixtures.ts';

describe('the notice of a plan that waits for approval', () => {
  it('tells units, options, each field before and after, who is let in, and findings', () => {
    const notice = planNotice(plan({ options: migrationOptions.parse({ soakSeconds: 7 }) }), 'run1');
    expect(notice).toMatchObject({ units: { migrate: 2, held: 1, associated: 1 }, changes: 9, findings: 5, omitted: 0 });
    for (const part of [
      '2 service accounts would migrate, 1 blocked, 1 associated already; 9 fields would change; ',
      'option soakSeconds 7; ',
      'option probeImage public.ecr.aws/aws-cli/aws-cli:2.31.0; ',
      "option retireImage ''; ",
      `unit quay/tickets gets ${roleArn('pier-tickets')} in wave 2; `,
      'Addon/eks-pod-identity-agent addonVersion: none -> v1.3.8-eksbuild.2; ',
      'StatefulSet/quay/tickets-ledger restart: none -> rollout; ',
      `Role/${roleArn('pier-tickets')} admits Service pods.eks.amazonaws.com if aws:RequestTag/kubernetes-namespace is quay and aws:RequestTag/kubernetes-service-account is tickets; `,
      'blocked dock/cranes: the container crane sets AWS_ROLE_ARN by hand; ',
      'PS319 Deployment/quay/tickets: the Deployment has one replica; ',
      'PS402 Addon/eks-pod-identity-agent. all of it again: podshift approve run1 --service URL',
    ])
      expect(notice.text).toContain(part);
    expect(notice.text).not.toContain('waveSize');
  });

  it('tells who is let in no more', () => {
    const retired = { ...role('quay/tickets'), trustBefore: trust('quay/tickets', true), trustAfter: trust('quay/tickets') };
    expect(planNotice(plan({ roles: [retired] }), 'run1').text).toContain('no longer admits Service pods.eks.amazonaws.com');
  });

  it('names what is made as a whole by its object', () => {
    const shape = { labels: {}, annotations: {}, imagePullSecrets: [], secrets: [], automountServiceAccountToken: null };
    const split = unit('quay/new', { metadata: { splitFrom: 'default', shape, bindings: [], templates: [] } });
    expect(planNotice(plan({ units: [split] }), 'run1').text).toMatch(/; ServiceAccount\/quay\/new: none -> \{'labels':/);
  });

  it('has room, counts what it has none for, and holds nothing that a template would take for its own', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 60 }), (reasons) => {
        const units = reasons.map((reason, number) => unit(`quay/${number}`, { decision: 'hold', reason, wave: null }));
        const notice = planNotice(plan({ units, roles: [], findings: [] }), 'run1');
        expect(Buffer.byteLength(notice.text)).toBeLessThanOrEqual(MAX_NOTICE);
        expect(notice.text).not.toMatch(/["\\\p{Cc}]/u);
        const told = notice.text.split('blocked quay/').length - 1;
        expect(told + notice.omitted).toBe(reasons.length);
        expect(notice.text.endsWith('podshift approve run1 --service URL')).toBe(true);
        if (notice.omitted > 0) expect(notice.text).toContain(`. and ${notice.omitted} more, which have no room here: `);
      }),
    );
  });
});
