import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { rehearse } from '../../../../engine/rehearsal.ts';
import { KindRegistry } from '../../../../twin/kubernetes/kinds.ts';
import { loadSnapshot, type Snapshot, snapshotFromObjects } from '../../../../twin/snapshot.ts';
import { captureTwin } from '../../../support/captured.ts';
import { fullestParts } from '../../../support/fullest-snapshot.ts';
import { commandsTake, snapshotAwsCommands, TAKEN, takeSnapshot } from '../../../support/taken-snapshot.ts';
import { START } from '../../../support/twin-account.ts';

/** Plans a snapshot, takes another one of its twin as docs/snapshots.md says, plans that, and plans what `capture` takes. */
async function plans(snapshot: Snapshot) {
  const first = await rehearse({ snapshot, startAt: START, mode: 'plan', journal: 'memory' });
  const parts = await takeSnapshot(first.twin, first.clock.engine);
  const { folder, remove } = await captureTwin(first);
  onTestFinished(remove);
  const at = first.clock.now();
  await first.close();
  const second = await rehearse({ snapshot: snapshotFromObjects(parts), startAt: at, mode: 'plan', journal: 'memory' });
  await second.close();
  const third = await rehearse({ snapshot: folder, startAt: at, mode: 'plan', journal: 'memory' });
  await third.close();
  return [first, second, third] as const;
}

/** What a plan says, but for when and as which run it was made. */
const planOf = ({ report, failure }: Awaited<ReturnType<typeof rehearse>>) => {
  const { run, calls: _calls, ...rest } = report;
  return { ...rest, digest: run.digest, failure };
};

describe('a snapshot that was taken of a twin with the commands of docs/snapshots.md', () => {
  it('is taken with those that are carried out here', () => {
    expect(snapshotAwsCommands()).toEqual(TAKEN);
  });

  it('has the custom resources of every group, and leaves out what is Kubernetes own', () => {
    const names = new KindRegistry().all().map(({ group, plural }) => (group === '' ? plural : `${plural}.${group}`));
    expect(
      [...names, 'pods.metrics.k8s.io', 'events.events.k8s.io', 'flowschemas.flowcontrol.apiserver.k8s.io'].filter(commandsTake),
    ).toEqual([]);
    const custom = [
      'secretstores.external-secrets.io',
      'secretproviderclasses.secrets-store.csi.x-k8s.io',
      'volumesnapshots.snapshot.storage.k8s.io',
      'gateways.gateway.networking.k8s.io',
      'verticalpodautoscalers.autoscaling.k8s.io',
      'ec2nodeclasses.karpenter.k8s.aws',
    ];
    expect(custom.filter(commandsTake)).toEqual(custom);
  });

  it.each(['shop', 'press-kube2iam', 'press-kiam-3', 'press-kiam-4'])(
    'gives the plan of the original, with the digest of what capture takes: %s',
    async (name) => {
      const folder = fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url));
      const [original, taken, captured] = await plans(await loadSnapshot(folder));
      expect(original.report.units.length).toBeGreaterThan(0);
      expect(planOf(taken)).toEqual(planOf(original));
      expect(planOf(captured)).toEqual(planOf(taken));
      expect(captured.report.run.digest).toBe(taken.report.run.digest);
    },
  );

  it('gives the plan of the original with every optional member', async () => {
    const [original, taken] = await plans(snapshotFromObjects(fullestParts()));
    expect(planOf(taken)).toEqual(planOf(original));
  });
});
