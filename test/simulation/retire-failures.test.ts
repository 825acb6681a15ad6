import { afterEach, describe, expect, it } from 'vitest';
import { type Rehearsal, type RehearsalSettings, rehearse } from '../../engine/rehearsal.ts';
import { RETIRING, retirable, retirementOf } from './retire-scenario.ts';
import { checkPromises, KUBE2IAM, settingsOf } from './scenario.ts';

const rehearsals: Rehearsal[] = [];
afterEach(async () => {
  await Promise.all(rehearsals.splice(0).map((rehearsal) => rehearsal.close()));
});

const SHORT = { ...RETIRING, soakSeconds: 60, retireDaemon: 'kube2iam' } as const;

async function run(settings: Partial<RehearsalSettings>): Promise<Rehearsal> {
  const rehearsal = await rehearse({
    ...(await settingsOf(KUBE2IAM)),
    snapshot: await retirable(KUBE2IAM),
    ...settings,
    options: { ...SHORT, ...settings.options },
  });
  rehearsals.push(rehearsal);
  return rehearsal;
}

const rules = ({ twin }: Rehearsal): string[] => twin.identities.metadata.allRules();
const daemonPods = ({ twin }: Rehearsal): number =>
  twin.kubernetes.objects('Pod').filter(({ metadata, status }) => metadata.name.startsWith('kube2iam-') && status?.phase === 'Running')
    .length;

describe('a retirement that fails', () => {
  it.each<[string, Partial<RehearsalSettings>, RegExp]>([
    [
      'where the image cannot be pulled',
      { options: { retireImage: 'example.com/iptables:1' }, unpullableImages: (image) => image.includes('iptables') },
      /node .* does not start \(ImagePullBackOff\).*iptables -t nat -D PREROUTING/,
    ],
    [
      'where the daemon does not end',
      {
        options: { retireTimeoutSeconds: 60 },
        prepare: (twin) =>
          twin.kubernetes.onChange(({ after }) => {
            if (after?.kind !== 'DaemonSet' || after.metadata.name !== 'kube2iam' || after.spec.template.spec.nodeSelector === undefined)
              return;
            const { 'podshift/retired-by': mark } = after.spec.template.spec.nodeSelector;
            // A controller of somebody's labels every node so that the daemon goes on running.
            if (mark === undefined) return;
            for (const node of twin.kubernetes.objects('Node'))
              if (node.metadata.labels?.['podshift/retired-by'] !== mark)
                twin.kubernetes.apply({
                  ...node,
                  metadata: { ...node.metadata, labels: { ...node.metadata.labels, 'podshift/retired-by': mark } },
                });
          }),
      },
      /does not end/,
    ],
  ])('%s is taken back: the daemon serves every node again, and the service accounts stay migrated', async (_, settings, reason) => {
    const rehearsal = await run(settings);
    expect(await retirementOf(rehearsal, rehearsal.runId)).toMatchObject({ status: 'restored', reason: expect.stringMatching(reason) });
    expect(rehearsal.report.run.status).toBe('needs-operator');
    expect(rehearsal.report.units.every(({ status }) => status === 'migrated')).toBe(true);
    expect(rules(rehearsal)).toHaveLength(3);
    expect(daemonPods(rehearsal)).toBe(3);
    expect(rehearsal.twin.watch.gaps).toEqual([]);
    const mine = rehearsal.twin.kubernetes.objects('Pod').filter(({ metadata }) => metadata.name.startsWith('podshift-'));
    expect(mine).toEqual([]);
  });
});

describe('a retirement under an API server that is away for five minutes', () => {
  it.each(['StopDaemon', 'ProveRules'])('goes on when it is back, though its time would be over, from %s on', async (state) => {
    let since: number | undefined;
    const rehearsal = await run({
      options: { retireTimeoutSeconds: 120 },
      onEvent: (progress) => {
        if (progress.type === 'state-entered' && progress.state === state) since ??= progress.at + 1;
      },
      hooks: {
        beforeRequest: ({ service, at }) =>
          since !== undefined && service === 'kubernetes' && at >= since && at < since + 300_000
            ? { kind: 'server-error', when: 'before' }
            : undefined,
      },
    });
    expect(await retirementOf(rehearsal, rehearsal.runId)).toMatchObject({ status: 'retired' });
    expect(rehearsal.report.run.status).toBe('migrated');
  });
});

describe('a rule that is left', () => {
  it('is found by a pod that is refused, and removed then: the daemon had started anew in between', async () => {
    let restarted = false;
    const rehearsal = await run({
      prepare: (twin) =>
        twin.kubernetes.onChange(({ after }) => {
          const stopped =
            after?.kind === 'DaemonSet' && after.metadata.name === 'kube2iam' && after.spec.template.spec.nodeSelector !== undefined;
          if (!stopped || restarted) return;
          restarted = true;
          // As an agent that died and was started again right ahead of the stop would have done.
          const [pod] = twin.kubernetes.objects('Pod').filter(({ metadata }) => metadata.name.startsWith('kube2iam-'));
          twin.identities.metadata.addRule(String(pod?.spec.nodeName), pod as NonNullable<typeof pod>);
        }),
    });
    const record = await retirementOf(rehearsal, rehearsal.runId);
    expect(record.status).toBe('retired');
    expect(
      Object.values(record.nodes)
        .map(({ removed }) => removed)
        .sort(),
    ).toEqual([1, 1, 2]);
    expect(rules(rehearsal)).toEqual([]);
    await checkPromises(rehearsal);
  });
});

describe('the way back', () => {
  it('of a migration is refused while another run has its daemon retired', async () => {
    const rehearsal = await run({ options: { retireDaemon: 'none' } });
    const later = await rehearsal.rerun({ ...SHORT, retireOnly: true });
    const refused = await rehearsal.rollback();
    expect(refused.failure?.message).toBe(`run ${later.runId} has retired kube2iam: roll that run back first`);
    expect(rules(rehearsal)).toEqual([]);
    await rehearsal.rollback(later.runId);
    expect((await rehearsal.rollback()).report.run.status).toBe('rolled-back');
    expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
  });

  it('of one unit brings the daemon back ahead of it, and leaves the other units', async () => {
    const rehearsal = await run({});
    const back = await rehearsal.rollback(undefined, ['press/binder']);
    expect(back.report.units.filter(({ status }) => status === 'rolled-back').map(({ serviceAccount }) => serviceAccount)).toEqual([
      'binder',
    ]);
    expect(rules(rehearsal)).toHaveLength(3);
    await checkPromises({ ...rehearsal, report: back.report });
  });

  it('asks for an operator where somebody deleted the daemon since', async () => {
    const rehearsal = await run({});
    rehearsal.twin.kubernetes.remove('DaemonSet', 'kube-system', 'kube2iam');
    const back = await rehearsal.rollback();
    expect(back.report.run.status).toBe('needs-operator');
    expect((await rehearsal.journal.getRun(rehearsal.runId)).reason).toMatch(/kube2iam was deleted after podshift stopped it/);
    expect(back.report.units.every(({ status }) => status === 'migrated')).toBe(true);
    expect(rehearsal.twin.watch.gaps).toEqual([]);
  });
});
