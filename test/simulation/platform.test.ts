import { afterEach, describe, expect, it } from 'vitest';
import { type Rehearsal, type RehearsalSettings, rehearse } from '../../engine/rehearsal.ts';
import type { KubernetesObject } from '../../src/kubernetes/gateway.ts';
import type { AddonDescription } from '../../twin/snapshot.ts';
import type { Twin } from '../../twin/twin.ts';
import { checkPromises, EXAMPLE, settingsOf } from './scenario.ts';

const MINUTE = 60_000;
const AGENT = 'eks-pod-identity-agent';
const rehearsals: Rehearsal[] = [];

async function run(settings: Partial<RehearsalSettings> = {}): Promise<Rehearsal> {
  const common = await settingsOf(EXAMPLE);
  const rehearsal = await rehearse({ ...common, ...settings, options: { ...common.options, ...settings.options } });
  rehearsals.push(rehearsal);
  return rehearsal;
}

afterEach(async () => {
  await Promise.all(rehearsals.splice(0).map((rehearsal) => rehearsal.close()));
});

/** Somebody else's update of an add-on, which lasts so long. */
const updating = (addonName: string, minutes: number) => (twin: Twin) => {
  const setStatus = (status: AddonDescription['status']) => twin.addons.replace({ ...twin.addons.get(addonName), status }, 'system');
  setStatus('UPDATING');
  twin.awsState.clock.schedule(minutes * MINUTE, () => setStatus('ACTIVE'));
};

const unitsOf = ({ report }: Rehearsal, serviceAccount: string) => report.units.filter((unit) => unit.serviceAccount === serviceAccount);

describe('an add-on whose update is running', () => {
  it('is waited for, and migrates when it has ended', async () => {
    const rehearsal = await run({ prepare: updating('aws-efs-csi-driver', 12) });
    expect(unitsOf(rehearsal, 'efs-csi-controller-sa')).toMatchObject([{ status: 'migrated' }]);
    expect(Date.parse(rehearsal.report.run.endedAt ?? '') - Date.parse(rehearsal.report.run.startedAt)).toBeGreaterThan(12 * MINUTE);
    await checkPromises(rehearsal);
  });

  it('is held where it does not end in time, and the others migrate', async () => {
    const rehearsal = await run({ prepare: updating('aws-efs-csi-driver', 600), options: { addonTimeoutSeconds: 600 } });
    expect(unitsOf(rehearsal, 'efs-csi-controller-sa')).toMatchObject([{ status: 'held', findings: expect.arrayContaining(['PS608']) }]);
    expect(rehearsal.report.run.status).toBe('migrated');
    expect(rehearsal.twin.requests.filter(({ operation }) => operation === 'UpdateAddon').map(({ object }) => object)).not.toContain(
      'aws-efs-csi-driver',
    );
    await checkPromises(rehearsal);
  });

  it('holds nobody up who asks for a plan alone', async () => {
    const rehearsal = await run({ mode: 'plan', prepare: updating('aws-efs-csi-driver', 12) });
    expect(rehearsal.report.run).toMatchObject({ status: 'planned' });
    expect(rehearsal.report.run.endedAt).toBe(rehearsal.report.run.startedAt);
    expect(unitsOf(rehearsal, 'efs-csi-controller-sa')[0]?.findings).toContain('PS608');
  });
});

const isAgent = (pod: KubernetesObject) => pod.metadata.labels?.['app.kubernetes.io/name']?.startsWith(AGENT) === true;

/** A Linux node on EC2. */
const linuxNode = (twin: Twin): string =>
  twin.kubernetes.objects('Node').find(({ metadata }) => metadata.labels?.['kubernetes.io/os'] === 'linux' && /^ip-/.test(metadata.name))
    ?.metadata.name ?? '';

describe('the agent', () => {
  it('starts on nodes without IPv6, as it is told to listen on IPv4 alone', async () => {
    const rehearsal = await run({
      prepare: (twin) => void twin.kubernetesHalf.failReadiness((pod) => isAgent(pod) && !pod.spec.containers[0].args.includes('-b')),
    });
    expect(rehearsal.report.run.status).toBe('migrated');
    expect(JSON.parse(rehearsal.twin.addons.get(AGENT).configurationValues ?? '')).toEqual({
      agent: { additionalArgs: { '-b': '169.254.170.23' } },
    });
    await checkPromises(rehearsal);
  });

  it('has to be ready on every node ahead of the first unit; else the run ends and takes it away again', async () => {
    let node = '';
    const rehearsal = await run({
      prepare: (twin) => {
        node = linuxNode(twin);
        twin.kubernetesHalf.failReadiness((pod) => isAgent(pod) && pod.spec.nodeName === node);
      },
    });
    expect(rehearsal.failure).toMatchObject({ name: 'AgentNotReady', message: expect.stringContaining(node) });
    expect(rehearsal.report.run.status).toBe('rolled-back');
    expect(rehearsal.twin.requests.filter(({ write }) => write).map(({ operation }) => operation)).toEqual(['CreateAddon', 'DeleteAddon']);
    expect(rehearsal.twin.watch.compareWithBaseline()).toEqual([]);
    await checkPromises(rehearsal);
  });

  it('that is there already is waited for in the same way', async () => {
    const { snapshot } = await settingsOf(EXAMPLE);
    if (typeof snapshot === 'string') throw new TypeError('the snapshot is loaded');
    const installed = { addonName: AGENT, addonVersion: 'v1.3.8-eksbuild.2', status: 'ACTIVE' };
    const [other] = snapshot.addons;
    if (other === undefined) throw new TypeError('the example has add-ons');
    const rehearsal = await run({
      snapshot: { ...snapshot, addons: [...snapshot.addons, { ...other, ...installed, serviceAccountRoleArn: undefined }] },
      prepare: (twin) => {
        const [agent] = twin.kubernetes.objects('Pod').filter(isAgent);
        if (agent === undefined) throw new TypeError('the agent runs');
        // Its pod is replaced by one that takes four minutes to become ready.
        const release = twin.kubernetesHalf.failReadiness(isAgent);
        twin.awsState.clock.schedule(4 * MINUTE, release);
        twin.kubernetes.remove('Pod', agent.metadata.namespace, agent.metadata.name);
      },
    });
    expect(rehearsal.failure).toBeNull();
    expect(rehearsal.report.run.status).toBe('migrated');
    const writes = rehearsal.twin.requests.filter(({ write }) => write);
    expect(writes.map(({ operation }) => operation)).not.toContain('CreateAddon');
    expect((writes[0]?.at ?? 0) - Date.parse(rehearsal.report.run.startedAt)).toBeGreaterThanOrEqual(4 * MINUTE);
  });
});
