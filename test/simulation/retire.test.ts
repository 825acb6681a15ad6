import { describe, expect, it } from 'vitest';
import { type Rehearsal, type RehearsalSettings, rehearse } from '../../engine/rehearsal.ts';
import { RETIRING, retirable, retirementOf } from './retire-scenario.ts';
import { checkPromises, KUBE2IAM, settingsOf } from './scenario.ts';

const KIAM_3 = 'examples/press-kiam-3';
const KIAM_4 = 'examples/press-kiam-4';

async function rehearsal(folder: string, more: Partial<RehearsalSettings>): Promise<Rehearsal> {
  return rehearse({ ...(await settingsOf(folder)), snapshot: await retirable(folder), ...more });
}

/** Every node's rules, and what pods of the cluster without a role of their own get from instance metadata. */
const rules = ({ twin }: Rehearsal): string[] => twin.identities.metadata.allRules();

describe('retiring a daemon with a migration', () => {
  it.each([
    [KUBE2IAM, 'kube2iam', 'press/kiosk'],
    [KIAM_3, 'kiam', 'press/front'],
    [KIAM_4, 'kiam', 'press/front'],
  ] as const)('%s: daemon, rules and principals go, no pod is cut off, and all comes back', async (folder, retireDaemon, plain) => {
    const cutOff = new Set<string>();
    const run = await rehearsal(folder, {
      options: { ...RETIRING, retireDaemon },
      prepare: (twin) =>
        twin.identities.metadata.onChange(() => {
          for (const pod of twin.kubernetes.objects('Pod')) {
            const answer = twin.identities.instanceMetadata(pod);
            if (typeof answer === 'string' && pod.status?.phase === 'Running') cutOff.add(`${pod.metadata.name}: ${answer}`);
          }
        }),
    });
    try {
      expect(run.failure).toBeNull();
      expect(run.report.run.status).toBe('migrated');
      const record = await retirementOf(run, run.runId);
      expect(record).toMatchObject({ status: 'retired', reason: '' });
      expect(rules(run)).toEqual([]);
      // A plain pod reaches instance metadata through the daemon or past it, at every instant.
      expect([...cutOff]).toEqual([]);
      const daemons = run.twin.kubernetes.objects('Pod').filter(({ metadata }) => /^(kube2iam|kiam)-/.test(metadata.name));
      expect(daemons).toEqual([]);
      const [namespace, name] = plain.split('/');
      const pod = run.twin.kubernetes
        .objects('Pod')
        .find(({ metadata }) => metadata.namespace === namespace && metadata.name.startsWith(`${name}-`));
      expect(pod === undefined ? 'no pod' : run.twin.identities.instanceMetadata(pod)).toBe(401);
      await checkPromises(run);

      const [binder] = run.report.roles.filter(({ roleArn }) => roleArn.endsWith('/press-binder'));
      const principal = record.plan.principals[0] as string;
      expect(binder?.trustBefore).toContain(principal);
      expect(binder?.trustAfter).not.toContain(principal);

      const before = run.twin.requests.length;
      await run.rerun();
      expect(run.twin.requests.slice(before).filter(({ write }) => write)).toEqual([]);

      const back = await run.rollback();
      expect(back.report.run.status).toBe('rolled-back');
      expect(run.twin.watch.compareWithBaseline()).toEqual([]);
      await checkPromises({ ...run, report: back.report });
    } finally {
      await run.close();
    }
  });

  it('keeps the principal of a role that CloudTrail does not show in use', async () => {
    const run = await rehearsal(KUBE2IAM, { options: { ...RETIRING, retireDaemon: 'kube2iam' } });
    try {
      const stock = run.report.roles.find(({ roleArn }) => roleArn.endsWith('/press-stock'));
      expect(stock?.trustAfter).toContain(':role/press-nodes');
      const evidence = (await run.journal.listEvidence(run.runId)).get(stock?.roleArn ?? '');
      expect(evidence).toMatchObject([
        { grade: 3, passed: false, facts: { problem: 'CloudTrail shows no use by Pod Identity of press/stocktake' } },
      ]);
    } finally {
      await run.close();
    }
  });

  it('refuses where units are held, and leaves the daemon as it is', async () => {
    const run = await rehearse({
      ...(await settingsOf(KUBE2IAM)),
      options: { soakSeconds: 60, injectionChecks: 3, retireDaemon: 'kube2iam' },
    });
    try {
      expect(run.report.run.status).toBe('migrated');
      const record = await retirementOf(run, run.runId);
      expect(record.status).toBe('refused');
      expect(
        record.plan.findings.filter(({ severity }) => severity === 'blocker').map(({ code, subject }) => `${code} ${subject}`),
      ).toEqual([
        'PS731 Deployment/press/auditor',
        'PS731 Deployment/press/closed',
        'PS731 Deployment/press/export',
        'PS732 Deployment/press/kiosk',
        'PS731 Deployment/press/partner',
        'PS731 Deployment/press/scale',
      ]);
      expect(rules(run)).toHaveLength(3);
      await checkPromises(run);
    } finally {
      await run.close();
    }
  });
});

describe('retiring a daemon alone', () => {
  it('is another run, later: it goes, and rolling it back leaves the migration as it is', async () => {
    const run = await rehearsal(KUBE2IAM, { options: { ...RETIRING, soakSeconds: 60 } });
    try {
      const early = await run.rerun({ ...RETIRING, retireDaemon: 'kube2iam', retireOnly: true });
      expect(early.report.run.status).toBe('migrated');
      expect(early.report.units).toEqual([]);
      expect(rules(run)).toEqual([]);
      await run.clock.engine.sleep(2 * 3600);
      const later = await run.rerun({ ...RETIRING, retireDaemon: 'kube2iam', retireOnly: true });
      expect(await retirementOf(run, later.runId)).toMatchObject({ status: 'done' });
      expect(later.report.roles.filter(({ trustBefore, trustAfter }) => trustBefore !== trustAfter)).toHaveLength(4);

      const back = await run.rollback(later.runId);
      expect(back.report.run.status).toBe('rolled-back');
      const again = await run.rollback(early.runId);
      expect(again.report.run.status).toBe('rolled-back');
      expect(rules(run)).toHaveLength(3);
      await checkPromises(run);
      const all = await run.rollback();
      expect(all.report.run.status).toBe('rolled-back');
      expect(run.twin.watch.compareWithBaseline()).toEqual([]);
    } finally {
      await run.close();
    }
  });

  it('holds the run where something depends on the daemon', async () => {
    const run = await rehearse({ ...(await settingsOf(KUBE2IAM)), options: { retireDaemon: 'kube2iam', retireOnly: true } });
    try {
      expect(run.report.run).toMatchObject({ status: 'held' });
      expect(run.twin.requests.filter(({ write }) => write)).toEqual([]);
    } finally {
      await run.close();
    }
  });
});
